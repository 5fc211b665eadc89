depositary_check(fold depositary_text)
depositary_check(quote depositary_text depositary_corpus)
depositary_check(corpus depositary_corpus packages::sodium)
