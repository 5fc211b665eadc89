/* Runs a fuzzer over files, for builds without libFuzzer: the corpus is replayed by the normal test run. Arguments are files and folders. */
#include "fuzz.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

static size_t inputs;

/* Mutators are linked here, too, and not called: they are libFuzzer's to call. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) {
    (void)data;
    return size < max ? size : max;
}

static int replay_file(const char *path) {
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    size_t len = 0, capacity = 0, got;
    if (file == NULL) {
        perror(path);
        return 1;
    }
    do {
        if (len == capacity) {
            capacity = capacity == 0 ? 4096 : 2 * capacity;
            data = realloc(data, capacity);
            if (data == NULL)
                abort();
        }
        got = fread(data + len, 1, capacity - len, file);
        len += got;
    } while (got > 0);
    fclose(file);
    /* Exactly as many bytes as there are, so that a sanitizer sees a read past the end. */
    uint8_t *exact = malloc(len > 0 ? len : 1);
    if (exact == NULL)
        abort();
    memcpy(exact, data, len);
    free(data);
    LLVMFuzzerTestOneInput(exact, len);
    free(exact);
    inputs++;
    return 0;
}

static int replay(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0) {
        perror(path);
        return 1;
    }
    if (!S_ISDIR(status.st_mode))
        return replay_file(path);
    DIR *folder = opendir(path);
    int failed = folder == NULL;
    for (const struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        char inside[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        failed |= replay(inside);
    }
    if (folder != NULL)
        closedir(folder);
    return failed;
}

int main(int argc, char **argv) {
    int failed = 0;
    for (int i = 1; i < argc; i++)
        failed |= replay(argv[i]);
    printf("%zu inputs\n", inputs);
    return failed != 0 || inputs == 0;
}
