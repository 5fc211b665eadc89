# The room src/proof: Merkle trees, notes, policies, seals and certified copies (records: record.cmake).
depositary_check(merkle depositary_proof packages::jansson)
depositary_check(note depositary_proof)
depositary_check(policy depositary_proof)
depositary_check(seal depositary_proof)
depositary_check(copy depositary_proof)
depositary_check(verify depositary_offline)
