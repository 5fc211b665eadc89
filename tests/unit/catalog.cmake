# The room src/catalog: what is derived from the ledger, and the service that answers from it.
depositary_check(query depositary_catalog)
