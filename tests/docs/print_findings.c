/* Prints the table of findings as policy/FINDINGS.md has it, from the table the programs use. */
#include <stdio.h>

#include "customhouse/finding.h"

int main(void)
{
    const struct ch_finding_row *row;
    puts("| name | number | class | severity | the file ... |");
    puts("| --- | --- | --- | --- | --- |");
    for (size_t i = 0; (row = ch_finding_at(i)) != NULL; i++) {
        printf("| `%s` | %u | %s | %s | %s |\n", row->name, (unsigned)row->code,
               ch_finding_class_name(row->cls), ch_severity_name(row->severity), row->text);
    }
    return 0;
}
