"""The store on DynamoDB: the one place that knows tables, items and conditions. The home of boto3's DynamoDB.

store         the tables and how they are reached
transaction   a few conditional writes as one, and what became of them when no answer came
calls         DynamoLedger: what a call needs
register      DynamoRegister: what the operator needs
holdings      DynamoHoldings: what an account's owner needs
identity      DynamoIdentities: who signs in
payments      DynamoPayments: what is known of payments

The last three are imported from where they are: a depth call needs none of them.
"""

from portrait.dynamo.calls import DynamoLedger
from portrait.dynamo.register import DynamoRegister

__all__ = ["DynamoLedger", "DynamoRegister"]
