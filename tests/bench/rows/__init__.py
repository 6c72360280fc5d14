"""The rows of the table, in its order. Each module has NAME and run(bench), which gives results."""
from rows import (admission, approval, channel, cold_clients, facts, image_pull, image_push, inspect_command, inspection, jail, large_artifact, large_file,
                  latency, layer, log, memory, page, python_mirrors, serving_log, tar, token, warm_clients)

# Memory is what is left after everything else, so it comes last.
ROWS = (page, token, serving_log, large_file, python_mirrors, latency, warm_clients, cold_clients, inspection, tar, jail,
        inspect_command, large_artifact, log, facts, approval, admission, layer, image_pull, image_push, channel, memory)
