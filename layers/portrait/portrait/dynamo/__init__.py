"""The ledger on DynamoDB: the one place that knows tables, items and conditions. The home of boto3.

store         the three tables and how they are reached
transaction   two conditional writes as one, and what became of them when no answer came
calls         DynamoLedger: what a call needs
register      DynamoRegister: what the operator needs
"""

from portrait.dynamo.calls import DynamoLedger
from portrait.dynamo.register import DynamoRegister

__all__ = ["DynamoLedger", "DynamoRegister"]
