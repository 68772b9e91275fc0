"""Plan, write and record changes of orders in DynamoDB."""
