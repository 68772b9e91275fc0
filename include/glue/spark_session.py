"""The Spark session of the job."""

from __future__ import annotations

from pyspark.sql import SparkSession


def start_session(catalog: str, warehouse: str) -> SparkSession:
    """A session whose catalog is the Glue Data Catalog. Endpoint, region and credentials are the environment's."""
    iceberg = {
        "": "org.apache.iceberg.spark.SparkCatalog",
        ".catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        ".io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
        ".warehouse": warehouse,
        ".cache-enabled": "false",  # an attempt after a conflict has to see the other run's commit
    }
    builder = SparkSession.builder.appName("curate_orders").config("spark.sql.session.timeZone", "UTC")
    builder = builder.config(
        "spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
    )
    for key, value in iceberg.items():
        builder = builder.config(f"spark.sql.catalog.{catalog}{key}", value)
    return builder.getOrCreate()
