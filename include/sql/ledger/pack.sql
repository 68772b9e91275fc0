-- How many files does a question of the ledger open? One for each month, and not one for each run: this packs them.
OPTIMIZE {{ params.database }}.pipeline_ledger REWRITE DATA USING BIN_PACK
