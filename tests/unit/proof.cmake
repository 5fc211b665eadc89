# The room src/proof: Merkle trees, notes, policies, seals and certified copies (records: record.cmake).
depositary_check(merkle depositary_proof packages::jansson)
depositary_check(note depositary_proof)
depositary_check(policy depositary_proof)
depositary_check(seal depositary_proof)
depositary_check(copy depositary_proof)
target_link_options(check_copy PRIVATE LINKER:--wrap=crypto_sign_verify_detached) # signatures are counted
depositary_check(verify depositary_offline)
