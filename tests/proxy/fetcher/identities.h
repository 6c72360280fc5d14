/* Keys and certificates made for one test run. */
#ifndef IDENTITIES_H
#define IDENTITIES_H

struct identities {
    char folder[32]; /* below the working directory */
    char ca_path[64];
    char other_ca_path[64]; /* an anchor of nobody */
    char server_path[64];   /* certificate for 127.0.0.1, and key */
    char client_path[64];   /* of "reader" */
};

void identities_make(struct identities *i);
void identities_remove(struct identities *i);

#endif
