/*
 * quote_checker POLICY ENDPOINTS FILE: looks for quotes between “ and ” in a text file, and says of each whether it stands in the depositary's texts
 * word for word. Ends with 1 where one does not.
 */
#include <depositary/client.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPENING  "\xe2\x80\x9c"
#define CLOSING  "\xe2\x80\x9d"
#define FILE_MAX (1024 * 1024)

static const char *verdict_name(depositary_verdict verdict) {
    static const char *const names[] = {"?", "VERBATIM", "FOLDED", "DIFFERS", "NOT_FOUND"};
    return verdict <= DEPOSITARY_VERDICT_NOT_FOUND ? names[verdict] : names[0];
}

/* 1: word for word, 0: not, -1: it could not be told. */
static int check_quote(depositary_client *client, const char *quote, size_t len) {
    depositary_answer *answer = NULL;
    size_t count;
    int error = depositary_check_quote(client, quote, len, NULL, &answer);
    if (error == 0 || error == DEPOSITARY_E_NO) {
        const depositary_quote_match *matches = depositary_answer_quote_matches(answer, &count);
        printf("%-9s %.*s", verdict_name(depositary_answer_verdict(answer)), (int)len, quote);
        if (count > 0)
            printf("  [%s]", matches[0].provision_eid);
        putchar('\n');
    } else {
        fprintf(stderr, "%s\n", answer != NULL ? depositary_answer_error_text(answer) : depositary_error_text(error));
    }
    int result = error != 0 && error != DEPOSITARY_E_NO                             ? -1
                 : depositary_answer_verdict(answer) == DEPOSITARY_VERDICT_VERBATIM ? 1
                                                                                    : 0;
    depositary_answer_free(&answer);
    return result;
}

static int check_file(depositary_client *client, const char *text) {
    int worst = 1;
    for (const char *at = strstr(text, OPENING); at != NULL; at = strstr(at, OPENING)) {
        at += strlen(OPENING);
        const char *end = strstr(at, CLOSING);
        if (end == NULL)
            break;
        int result = end > at ? check_quote(client, at, (size_t)(end - at)) : 1;
        worst = result < worst ? result : worst;
        at = end;
    }
    return worst == 1 ? 0 : worst == 0 ? 1 : 2;
}

int main(int argc, char **argv) {
    depositary_failure failure;
    depositary_policy *policy = NULL;
    depositary_client *client = NULL;
    if (argc != 4) {
        fputs("usage: quote_checker POLICY ENDPOINTS FILE\n", stderr);
        return 2;
    }
    char *text = calloc(1, FILE_MAX + 1);
    FILE *file = fopen(argv[3], "rb");
    int status = 2;
    if (text == NULL || file == NULL || fread(text, 1, FILE_MAX, file) == 0)
        perror(argv[3]);
    else if (depositary_policy_load(&policy, argv[1], &failure) != 0 ||
             depositary_client_new(&client, &(depositary_client_config){.endpoints = argv[2], .policy = policy},
                                   &failure) != 0)
        fprintf(stderr, "%s\n", failure.text);
    else
        status = check_file(client, text);
    depositary_client_free(&client);
    depositary_policy_free(&policy);
    if (file != NULL)
        fclose(file);
    free(text);
    return status;
}
