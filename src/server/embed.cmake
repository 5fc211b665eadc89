# cmake -DIN=file -DOUT=header -DNAME=array -P embed.cmake: the bytes of a file as a C array.
file(READ ${IN} bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n    " bytes "${bytes}") # 16 bytes a line
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUT} "static const uint8_t ${NAME}[] = {\n    ${bytes}\n};\n")
