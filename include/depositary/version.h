/* Version of the library and of the protocol that it speaks. */
#ifndef DEPOSITARY_VERSION_H
#define DEPOSITARY_VERSION_H

#define DEPOSITARY_VERSION       "0.1.0"
#define DEPOSITARY_VERSION_MAJOR 0
#define DEPOSITARY_VERSION_MINOR 1
#define DEPOSITARY_VERSION_PATCH 0

#endif
