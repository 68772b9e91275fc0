import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.InvalidArgumentException;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.ResourceNotFoundException;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;

/** Writes and reads one stream as Java programs do, and prints what it sees. Arguments: the endpoint and the stream's name. */
public class Records {
    public static void main(String[] arguments) {
        String name = arguments[1];
        KinesisClient kinesis = KinesisClient.builder()
            .endpointOverride(URI.create(arguments[0])).region(Region.US_EAST_1).httpClient(UrlConnectionHttpClient.create())
            .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("test", "test"))).build();
        Instant before = Instant.now().minusSeconds(60);
        kinesis.createStream(request -> request.streamName(name).shardCount(1));
        kinesis.waiter().waitUntilStreamExists(request -> request.streamName(name));
        kinesis.putRecords(request -> request.streamName(name).records(entry("00ff07"), entry("6f726465")));
        String shard = kinesis.listShards(request -> request.streamName(name)).shards().get(0).shardId();
        String iterator = kinesis.getShardIterator(request -> request.streamName(name).shardId(shard)
            .shardIteratorType(ShardIteratorType.AT_TIMESTAMP).timestamp(before)).shardIterator();
        kinesis.getRecords(request -> request.shardIterator(iterator)).records().forEach(record ->
            System.out.println(HexFormat.of().formatHex(record.data().asByteArray()) + " " + recent(record.approximateArrivalTimestamp())));
        System.out.println(recent(
            kinesis.describeStreamSummary(request -> request.streamName(name)).streamDescriptionSummary().streamCreationTimestamp()));
        try {
            kinesis.mergeShards(request -> request.streamName(name).shardToMerge(shard).adjacentShardToMerge(shard));
        } catch (InvalidArgumentException refused) {
            System.out.println(refused.awsErrorDetails().errorCode());
        }
        try {
            kinesis.describeStream(request -> request.streamName(name + "-missing"));
        } catch (ResourceNotFoundException refused) {
            System.out.println(refused.awsErrorDetails().errorCode());
        }
    }

    private static PutRecordsRequestEntry entry(String hex) {
        return PutRecordsRequestEntry.builder().partitionKey("k").data(SdkBytes.fromByteArray(HexFormat.of().parseHex(hex))).build();
    }

    private static String recent(Instant at) {
        return Duration.between(at, Instant.now()).abs().toMinutes() < 5 ? "recent" : at.toString();
    }
}
