# The room src/proof: Merkle trees, notes, policies, seals and certified copies (records: record.cmake).
depositary_check(merkle depositary_proof packages::jansson)
