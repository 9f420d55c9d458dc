"""Money from and to cards through a provider, and the wallet: the ledger is the truth, a provider only observes."""
