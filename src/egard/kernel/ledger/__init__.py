"""Value in double entry: accounts, immutable transfers, lots. Whole numbers only; see docs/ledger.md."""
