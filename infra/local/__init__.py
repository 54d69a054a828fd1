"""API Gateway, Lambda's Runtime API and DynamoDB on this machine."""
