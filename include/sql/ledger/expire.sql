-- How many versions of the ledger does a question read of? Those of the last five days: this forgets the older ones.
VACUUM {{ params.database }}.pipeline_ledger
