depositary_check(fold depositary_text)
depositary_check(corpus depositary_corpus packages::sodium)
