"""What every function shares: the words of the contract, keys, the ledger, and the door to Lambda."""
