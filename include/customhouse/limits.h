/* Every bound of the program, as a table: no number inside a parser (style.md 4.9).
 * name, default, unit, reason */
#ifndef CUSTOMHOUSE_LIMITS_H
#define CUSTOMHOUSE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#define CH_LIMITS(X)                                                                               \
    /* messages */                                                                                 \
    X(channel_queue_bytes, 16777216, "bytes", "unwritten frames of one channel")                   \
    X(text_bytes, 4096, "bytes", "a message field that is text for people")                        \
    X(word_bytes, 64, "bytes", "an identifier of ours: ecosystem, profile, name of a fact")        \
    X(command_input_bytes, 33554432, "bytes", "what a command is about: a policy, a lock's lines") \
    X(want_hashes, 4096, "hashes", "of one line of a lock file")                                   \
    X(dependencies, 256, "requirements", "looked up by a command, which says if there are more")   \
    X(dependencies_wait_ms, 20000, "ms", "for upstreams' pages of them; then what is known")       \
    X(setup_text_bytes, 2097152, "bytes", "a configuration, policy or key file at start-up")       \
    X(client_text_bytes, 512, "bytes", "a client's address or User-Agent, clipped")                \
    X(refusal_text_bytes, 512, "bytes", "one line of a refusal")                                   \
    X(config_name_bytes, 64, "bytes", "a name in the configuration: repository, upstream, person") \
    X(control_burst, 200, "commands", "of one local user at once, before it has to wait")          \
    X(control_ms, 20, "ms", "for one more of them; one after another takes longer")                 \
    X(control_users, 64, "users", "whose commands are counted")                                    \
    X(control_unread_bytes, 4096, "bytes", "that the keeper has yet to read: users wait, not root") \
    X(principal_bytes, 79, "bytes", "who somebody is: kind and name")                              \
    X(header_value_bytes, 1024, "bytes", "ETag, Accept and the like between keeper and fetcher")   \
    /* HTTP server */                                                                              \
    X(http_connections, 4096, "connections", "open at once in one gateway process")                \
    X(http_connections_per_address, 512, "connections", "of one client; a CI farm behind NAT")     \
    X(http_line_bytes, 8192, "bytes", "request line, and each header line")                        \
    X(http_head_bytes, 65536, "bytes", "request line and headers; bearer tokens are long")         \
    X(http_head_lines, 100, "lines", "headers of a request; eight Accept lines are normal")        \
    X(http_path_segments, 32, "segments", "of a request path")                                     \
    X(http_body_buffer_bytes, 16384, "bytes", "room for one read of a request body")               \
    X(http_meaningless_body_bytes, 65536, "bytes",                                                 \
      "body of a GET or HEAD, read and checked to its end")                                        \
    X(http_trailer_bytes, 8192, "bytes", "trailer section of a chunked body; discarded")           \
    X(http_reason_bytes, 256, "bytes", "reason phrase; our sentences are up to 200")               \
    X(http_header_ms, 15000, "ms", "from the first byte of a request, or accept, to its head")     \
    X(http_idle_ms, 75000, "ms", "between requests of a connection")                               \
    X(http_rate_window_ms, 30000, "ms", "over which the least rate is measured")                   \
    X(http_rate_bytes_s, 256, "bytes/s", "least progress of a body in either direction")           \
    X(http_half_closed_ms, 65000, "ms", "for the answer, of a client that sends no more; or is gone") \
    X(http_linger_ms, 2000, "ms", "to let a refused client read the answer before the close")      \
    X(http_linger_bytes, 1048576, "bytes", "discarded of what a refused client still sends")       \
    X(http_accept_pause_ms, 100, "ms", "after there was no room for one more connection")          \
    X(http_room_ms, 1000, "ms", "a connection waits for its client before it may give way")        \
    X(http_answer_head_bytes, 65536, "bytes", "head of an answer")                                 \
    X(http_tls_gather_bytes, 65536, "bytes", "given to one SSL_write; a record has 16 KB")         \
    X(http_write_bytes, 262144, "bytes", "sent in one turn of a connection, then others' turn")    \
    X(http_unsent_bytes, 131072, "bytes", "taken by the kernel ahead of what it sends")            \
    X(http_probe_bytes, 131072, "bytes", "between pages asked whether they are in memory")         \
    X(http_cold_ms, 5000, "ms", "for the disk; then the read may block")                           \
    /* gateway */                                                                                  \
    X(gateway_pages_bytes, 50331648, "bytes", "pages kept ready by one gateway process")           \
    X(gateway_page_bytes, 1073741824, "bytes",                                                      \
      "one rendered page; a list of all projects is 40 MB")                                        \
    X(gateway_files, 512, "files", "whose ALLOW and open file one gateway process keeps")          \
    X(gateway_encode_small_bytes, 262144, "bytes", "larger pages are compressed fast, not small")  \
    X(gateway_encode_from_bytes, 256, "bytes", "smaller pages are not compressed")                 \
    X(gateway_page_wait_ms, 60000, "ms", "for the keeper's answer about a page")                   \
    X(gateway_file_wait_ms, 3000, "ms",                                                            \
      "for the keeper's answer, beyond the patience it was told")                                  \
    X(admin_body_bytes, 512u << 10, "bytes", "of a request to the administrative interface")       \
    X(admin_answer_bytes, 64u << 20, "bytes", "of an answer of it")                                \
    X(admin_wait_ms, 300000, "ms", "for the keeper's answer to it")                                \
    X(admin_command_wait_ms, 3600000, "ms", "the same of a whole command: it may inspect first")   \
    X(admin_connections, 512, "connections", "to the administrative interface at once")            \
    X(admin_connections_per_address, 128, "connections", "of one client of it")                    \
    X(admission_body_bytes, 8u << 20, "bytes", "a review: an object and what it was before")       \
    X(admission_bodies_bytes, 64u << 20, "bytes", "of all reviews that are being received")        \
    X(admission_connections, 256, "connections", "of API servers to admission at once")            \
    X(admission_wait_ms, 5000, "ms", "for the keeper's answer: API servers wait 10 s")             \
    X(admin_tokens, 1024, "tokens", "that were good are known there, and are no guesses")          \
    X(gateway_metrics_wait_ms, 2000, "ms", "for the keeper's part of the metrics")                 \
    X(gateway_file_asks, 3, "times", "a file is asked for again when its ALLOW ended on the way")  \
    X(gateway_tokens, 4096, "tokens", "what they stand for is kept by one gateway process")        \
    X(gateway_token_asks, 64, "times",                                                             \
      "a token is asked for again when its answer ended on the way")                               \
    X(gateway_token_refused_ms, 10000, "ms", "a token that was refused is not asked for again")    \
    X(gateway_guess_clients, 8192, "clients", "whose wrong tokens are counted by one process")     \
    X(gateway_guess_burst, 30, "tokens", "that are wrong, of one client, before it has to wait")   \
    X(gateway_guess_ms, 1000, "ms", "for one more of them")                                        \
    X(sign_in_rows, 256, "rows",                                                                   \
      "of failed sign-ins: of one process until it hands them over, of one minute")                \
    X(sign_in_rows_of_one, 16, "rows",                                                             \
      "of these, of one address: beyond, its paths are counted as one")                            \
    X(refusal_rows, 1024, "rows", "of refusals, and of refused commands: of one minute")           \
    X(refusal_rows_of_one, 128, "rows",                                                            \
      "of these, of one client or principal: beyond, what it was refused is counted as one")       \
    X(sign_in_path_bytes, 256, "bytes", "what a failed sign-in was for, clipped")                  \
    X(sign_in_hand_over_ms, 1000, "ms", "failed sign-ins are counted before the keeper is told")   \
    X(token_fresh_ms, 60000, "ms", "what a token stands for holds in a gateway, at most")          \
    X(scoped_token_bytes, 4096, "bytes", "a token of some images; headers have room for it")       \
    X(scoped_token_s, 300, "seconds", "such a token is good for; clients ask again by themselves") \
    X(scoped_token_early_s, 60, "seconds", "before it begins it is taken, too: clocks are set")    \
    X(token_request_bytes, 8192, "bytes", "what such a token is asked for with, as a form")        \
    /* witness */                                                                                  \
    X(witness_connections, 256, "connections", "to a witness at once; a log needs one")            \
    X(witness_connections_per_address, 32, "connections", "of one client of it")                   \
    X(access_log_bytes, 65536, "bytes", "of access log gathered before they are written")          \
    X(access_log_ms, 1000, "ms", "a line of access log waits at most before it is written")        \
    /* names */                                                                                    \
    X(project_name_bytes, 214, "bytes", "longest name the package indexes accept")                 \
    X(file_name_bytes, 255, "bytes", "a file name on every file system")                           \
    X(version_bytes, 128, "bytes", "a version; PEP 440 sets none")                                 \
    X(url_bytes, 4096, "bytes", "an upstream URL")                                                 \
    /* index pages */                                                                              \
    X(page_bytes, 67108864, "bytes", "one upstream project page; 10,000 files are about 7 MB")     \
    X(page_files, 100000, "files", "files of one project")                                         \
    X(channel_bytes, 536870912, "bytes", "a page of many projects, unpacked; the largest has 360 MB") \
    X(channel_files, 1000000, "files", "of one; the largest has 650,000")                          \
    X(channel_answer_bytes, 1073741824, "bytes", "what a jail says of one, and what is kept of it") \
    X(page_shrink_files, 100, "files",                                                             \
      "of many projects; a page that had them does not lose nine in ten by one answer")            \
    X(shard_bytes, 16777216, "bytes", "a shard of a page, unpacked: conda reads no more")             \
    X(record_bytes, 65536, "bytes", "a record of an index; with 400 dependencies about 10 KB")        \
    X(root_bytes, 268435456, "bytes", "a repository's list of projects, encoded")                  \
    X(root_names, 5000000, "names", "projects of one repository")                                  \
    X(html_text_bytes, 65536, "bytes", "an attribute or a link's text in an HTML page")            \
    X(metadata_bytes, 8388608, "bytes", "core metadata; descriptions reach 1 MiB")                 \
    X(licence_bytes, 4096, "bytes", "a licence expression")                                        \
    X(licence_depth, 64, "levels", "parentheses in a licence expression")                          \
    X(metadata_headers, 20000, "lines", "header lines of core metadata")                           \
    X(oci_manifest_bytes, 4194304, "bytes", "a manifest or index; what clients and registries take")  \
    X(oci_manifest_parts, 256, "descriptors", "of one; images have at most 127 layers")               \
    X(sqlite_row_bytes, 67108864, "bytes", "of a package database: an RPM header of many files")     \
    X(oci_config_bytes, 8388608, "bytes", "an image's configuration; its history may be long")        \
    X(oci_config_items, 16384, "items", "of one list in it: environment, history, labels")             \
    X(oci_statement_bytes, 33554432, "bytes", "a statement about a build; packages make it long") \
    X(json_depth, 32, "levels", "nesting of a JSON document")                                      \
    /* fetching */                                                                                 \
    X(fetch_connections, 192, "connections", "to all hosts of one upstream")                       \
    X(fetch_host_connections, 128, "connections",                                                  \
      "to one host: more than may be under way by T14")                                            \
    X(fetch_redirects, 5, "hops", "of one request")                                                \
    X(fetch_retries, 3, "times", "a transfer that broke is taken up again")                        \
    X(fetch_timeout_retries, 1, "times", "of these, after a time-out: each took its time already") \
    X(fetch_answer_ms, 8000, "ms", "until an answer begins, before it leaves its turn to others")  \
    X(fetch_tell_ms, 16000, "ms", "the same, before who waits for it is told: pip gives up at 15") \
    X(fetch_backoff_ms, 300, "ms", "before the first retry, doubled for each more, less jitter")   \
    X(fetch_retry_after_ms, 10000, "ms", "a longer Retry-After ends the job with that answer")     \
    X(upstream_rest_ms, 300000, "ms",                                                              \
      "an upstream is left alone for, at most, when it says Retry-After")                          \
    X(upstream_wanted_ms, 60000, "ms", "one that is down is probed after somebody asked for it")   \
    X(upstream_told_ms, 30000, "ms",                                                               \
      "a longer one is no 503: pip would sleep as long without a word")                            \
    X(fetch_connect_ms, 10000, "ms", "resolving, connecting and the TLS handshake")                \
    X(fetch_low_speed_bytes, 1024, "bytes/s", "slower transfers are given up")                     \
    X(fetch_low_speed_s, 20, "seconds", "how long it must be slower")                              \
    X(fetch_total_ms, 7200000, "ms", "one job; the keeper may set less")                           \
    X(fetch_progress_ms, 250, "ms", "between two progress messages of a job")                      \
    X(fetch_header_bytes, 65536, "bytes", "header lines of one answer")                            \
    X(fetch_error_body_bytes, 65536, "bytes", "of an error's body are read to keep a connection")  \
    X(fetch_tokens, 256, "tokens", "of one upstream are kept; each is of one name in a registry")  \
    X(fetch_token_bytes, 16384, "bytes", "a token; registries' have 2 to 5 kB")                    \
    X(fetch_token_document_bytes, 65536, "bytes", "the answer with a token in it")                 \
    X(fetch_token_seconds, 3600, "seconds", "a token is kept, at most")                            \
    X(fetch_certificate_bytes, 4194304, "bytes", "a certificate file; the system's has 220 kB")    \
    /* egress and what is sent by it */                                                            \
    X(egress_destinations, 64, "destinations", "of all kinds together; a thread each")             \
    X(egress_secret_bytes, 4096, "bytes", "a destination's secret")                                \
    X(egress_body_bytes, 786432, "bytes", "sent to a destination at once")                         \
    X(egress_answer_bytes, 65536, "bytes", "of a destination's answer to a POST")                  \
    X(egress_queue, 64, "jobs", "of one destination that wait in egress")                          \
    X(egress_connect_ms, 10000, "ms", "resolving, connecting and the TLS handshake")               \
    X(egress_send_ms, 60000, "ms", "for one thing to be sent, and taken")                          \
    X(egress_retry_ms, 2000, "ms",                                                                 \
      "before a destination that failed is tried again, doubled each time")                        \
    X(egress_retry_max_ms, 900000, "ms", "between two tries of a destination")                     \
    X(cosign_pause_ms, 1000, "ms", "between two checkpoints that a witness is asked to cosign")    \
    X(cosign_again_ms, 3600000, "ms",                                                              \
      "an idle log's checkpoint is cosigned again: until when nobody saw another")                 \
    X(notice_bytes, 16384, "bytes", "what a notification says")                                    \
    X(notice_rows, 10000, "notifications",                                                         \
      "that wait for one destination; the oldest are given up")                                    \
    X(notice_mail_items, 50, "notifications", "told in one mail")                                  \
    X(forward_entries, 256, "entries", "of the audit log forwarded at once")                       \
    X(forward_wait_ms, 1000, "ms", "entries are gathered before they are forwarded")               \
    /* configuration and policy */                                                                 \
    X(yaml_bytes, 1048576, "bytes", "a configuration or policy file")                              \
    X(yaml_nodes, 20000, "values", "of one such file")                                             \
    X(yaml_depth, 16, "levels", "nesting of one such file")                                        \
    X(toml_bytes, 16777216, "bytes", "a lock file or pyproject.toml; locks of 10 MB are known")    \
    X(toml_nodes, 500000, "values", "of one such file")                                            \
    X(toml_depth, 64, "levels", "nesting of one such file, dotted keys included")                  \
    X(policy_rules, 2000, "rules", "of one policy")                                                \
    X(policy_lists, 200, "lists", "with a name, of one policy")                                    \
    X(policy_list_entries, 20000, "entries", "of one such list")                                   \
    X(policy_overrides, 200, "names",                                                              \
      "of repositories or environments with settings of their own")                                \
    X(policy_pattern_bytes, 200, "bytes", "a pattern, or a licence identifier in a policy")        \
    X(change_silence_days, 365, "days", "without a release: the next one comes after a silence")   \
    X(change_size_times, 5, "times", "as large as the release before: a jump in size")             \
    X(change_size_from_bytes, 1048576, "bytes", "smaller files may grow as they like")             \
    X(change_people, 64, "people", "named by a release, who are compared with those before")       \
    X(pip_output_bytes, 262144, "bytes", "what the host's pip says about its configuration")       \
    X(pip_run_ms, 30000, "ms", "time for the host's pip to say it")                                \
    /* archives */                                                                                 \
    X(artifact_bytes, 4294967296, "bytes", "one artifact as fetched")                              \
    X(archive_members, 100000, "members", "members of one archive")                                \
    X(archive_unpacked_bytes, 17179869184, "bytes", "sum of unpacked members")                     \
    X(archive_ratio, 50, "times", "unpacked to packed, over archive_ratio_from_bytes")             \
    X(archive_ratio_from_bytes, 67108864, "bytes", "smaller members may compress as they like")    \
    X(archive_names_bytes, 67108864, "bytes", "names of a TAR archive's members altogether")       \
    X(tar_extended_bytes, 1048576, "bytes", "one extended header of a TAR archive")                \
    X(tar_pax_records, 256, "records", "of one pax header; a dozen is much")                       \
    X(stream_window_bytes, 134217728, "bytes", "memory to unpack xz or zstd: zstd's own limit")    \
    X(member_path_bytes, 1024, "bytes", "a member's path")                                         \
    X(member_whole_bytes, 67108864, "bytes", "members up to this are unpacked whole (libdeflate)") \
    X(wheel_text_bytes, 1048576, "bytes", "WHEEL or entry_points.txt")                             \
    X(sdist_text_bytes, 1048576, "bytes", "a text of an sdist that may say how it is built")       \
    X(sdist_kept_bytes, 134217728, "bytes",                                                        \
      "Python source and such texts of one sdist, in memory")                                      \
    X(conda_kept_bytes, 134217728, "bytes",                                                        \
      "Python source, compiled Python and such texts of one conda package, in memory")             \
    X(layer_members, 500000, "members", "entries of an image's layer")                             \
    X(layer_names_bytes, 100663296, "bytes", "their paths altogether")                             \
    X(layer_kept_bytes, 268435456, "bytes",                                                        \
      "Python source, compiled Python and lists of packages of one layer, in memory")              \
    X(layer_sites, 64, "folders", "of Python packages in one layer")                               \
    X(layer_packages, 20000, "packages", "told of one layer; a fact says how many are left out")   \
    X(wheel_tags, 1000, "tags", "of one wheel, expanded")                                          \
    X(record_file_bytes, 67108864, "bytes", "RECORD of a wheel")                                   \
    X(native_entries, 65535, "entries", "headers, load commands, dynamic entries of native code")  \
    X(native_libraries, 1000, "libraries", "that one file of native code names")                   \
    X(nested_depth, 4, "archives", "inside each other, beside the outermost")                      \
    X(nested_bytes, 4294967296, "bytes", "unpacked out of archives inside, together")              \
    X(content_names, 20000, "names", "distinct libraries, facts, compiled files of an artifact")   \
    X(content_repeats, 10, "findings", "of one kind told one by one, the rest as a number")        \
    X(pyc_bytes, 33554432, "bytes", "compiled Python, and the source it is compared with")         \
    X(pyc_search_bytes, 8589934592, "bytes", "searched to compare one file with its source")       \
    X(marshal_objects, 4000000, "objects", "of one compiled file")                                 \
    X(marshal_depth, 200, "levels", "code, tuples in each other; a compiler allows fewer")         \
    X(findings, 200, "findings", "kept of class attack, and of others; one says there were more")  \
    X(scan_facts, 100000, "facts", "of one inspection: one per header line or entry point")        \
    X(source_fold_bytes, 67108864, "bytes", "constants put together while one source is read")     \
    X(source_line_tokens, 4000000, "tokens", "of one logical line of source")                      \
    X(source_names, 65536, "names", "of variables, and of functions, of one source")               \
    X(source_depth, 100, "levels", "of expressions; CPython's own parser ends near 200 brackets")  \
    /* jails */                                                                                    \
    X(scan_output_bytes, 268435456, "bytes", "a jail's answer")                                    \
    X(scan_memory_bytes, 805306368, "bytes", "address space of a jail beyond its input mapping")   \
    X(scan_nice, 5, "steps", "priority of inspections: gateways, keeper and documents come first") \
    X(scan_cpu_seconds, 600, "seconds", "CPU time of a jail")                                      \
    X(scan_wall_ms, 900000, "ms", "time of a jail; one that is at work then was starved of CPU")   \
    X(scan_still_ms, 120000, "ms", "a jail may use no CPU time at all; one that waits for a disk") \
    X(scan_look_ms, 1000, "ms", "between two looks whether a jail has used any")                   \
    X(scan_parallel, 2, "jails",                                                                   \
      "inspections at once per scanner parent, and as many for documents")                         \
    X(scan_queue, 256, "jobs", "waiting in a scanner parent; two descriptors each")                \
    /* rules: scanner/rules/README.md says why these */                                            \
    X(rules_files, 256, "files", "of a site's rule folders together")                              \
    X(rules_file_bytes, 4194304, "bytes", "one file of rules")                                     \
    X(rules_bytes, 16777216, "bytes", "all of a site's files of rules")                            \
    X(rules_path_bytes, 4096, "bytes", "path of a file of rules")                                  \
    X(rules_strings, 200, "strings", "of one rule")                                                \
    X(rules_text_bytes, 33554432, "bytes", "of a member of source are scanned; more holds")        \
    X(rules_small_bytes, 262144, "bytes", "of other members are scanned whole; see the next row")  \
    X(rules_head_bytes, 65536, "bytes", "are scanned of larger members by the shipped rules")      \
    X(rules_site_bytes, 33554432, "bytes",                                                         \
      "of other members are scanned by a site's rules; more is a note")                            \
    X(rules_scan_s, 20, "seconds", "of CPU time, matching one member")                             \
    X(rules_matches, 100, "findings", "of one member; more is a finding that holds")               \
    X(rules_match_bytes, 64, "bytes", "of a match that libyara keeps")                             \
    /* keeper */                                                                                   \
    X(exceptions_open, 4096, "exceptions", "that wait for an answer; more are not asked for")      \
    X(exceptions_of_one, 1024, "exceptions", "of them, of one principal; anonymous is one")        \
    X(exception_askers, 16, "principals", "who are noted as asking for the same exception")        \
    X(exception_asks_burst, 10, "requests", "for exceptions at once from one address")             \
    X(exception_asks_ms, 60000, "ms", "until one more is taken from that address")                 \
    X(external_body_bytes, 8192, "bytes", "what an external scanner says of an image")             \
    X(exception_body_bytes, 8192, "bytes", "a request for an exception as a form or JSON has it")  \
    X(uploads, 1024, "uploads", "to hosted repositories, not at their end")                         \
    X(uploads_of_one, 64, "uploads", "of them, of one principal")                                  \
    X(upload_first_bytes, 1048576, "bytes", "of an upload at its start, written likewise")         \
    X(upload_grant_bytes, 67108864, "bytes", "of an upload, written before more is asked for")     \
    X(push_manifests, 16, "manifests", "that were pushed and are being read in the jail")          \
    X(pushed_grace_s, 86400, "s", "pushed bytes stay that no manifest names")                      \
    X(exception_reason_bytes, 500, "bytes", "why somebody asks for an exception")                  \
    /* T14: at one upstream, of one client and of all together; of files see `fetching` in the     \
     * configuration, too. db/keeper/budget/budget.h */                                            \
    X(cold_per_s, 40, "documents/s",                                                               \
      "pages we have not, that one client makes us fetch; metadata too")                           \
    X(cold_burst, 2000, "documents", "at once: a large environment resolved for the first time")   \
    X(cold_parallel, 20, "documents",                                                              \
      "being fetched at once for one client; metadata apart from pages")                           \
    X(cold_all_per_s, 200, "documents/s", "the same for all clients together")                     \
    X(cold_all_burst, 8000, "documents", "the same for all clients together")                      \
    X(cold_all_parallel, 28, "documents", "the same for all clients together")                     \
    X(cold_files_asked, 256, "files", "asked for by one client, and not at their end")             \
    X(cold_all_files_per_s, 50, "files/s", "that all clients together make us fetch")              \
    X(cold_all_files_burst, 2000, "files", "the same at once")                                     \
    X(cold_all_files_asked, 2048, "files", "asked for by all clients, and not at their end")       \
    X(cold_client_queue, 512, "asks",                                                              \
      "of one client that wait for budget; beyond they are refused")                               \
    X(cold_queue, 4096, "asks", "of all clients that wait for budget, at all upstreams")           \
    X(page_answer_ms, 10000, "ms",                                                                 \
      "an ask for a page, budget and upstream together; pip reads 15 s")                           \
    X(cold_page_wait_ms, 6000, "ms",                                                               \
      "of these, it waits for budget, where nothing is known of it")                               \
    X(coming_unstated_bytes, 16777216, "bytes",                                                    \
      "room taken at first for a file whose size nobody states")                                   \
    X(budget_clients, 4096, "clients", "whose budgets are remembered")                             \
    X(keeper_page_bytes, 67108864, "bytes", "pages in the keeper's memory; others are read again") \
    X(keeper_channel_bytes, 2147483648, "bytes", "beside them, of pages of many projects")         \
    X(page_confirmed_s, 3600, "seconds",                                                           \
      "until it is written down again that an upstream's page is the same")                        \
    X(rescan_keys, 64, "times", "that inspector or rules changed are remembered, for grace")       \
    X(rescan_part, 500, "decisions", "looked through in one turn for what is due")                 \
    X(judge_part, 50, "projects", "judged again, or on trial, in one turn")                        \
    X(merge_bytes, 4194304, "bytes", "a larger answer about a page is merged on a thread")         \
    X(documents_files, 20000, "files", "of a page of many projects: its documents are made by the keeper, once") \
    X(shards_kept_s, 604800, "seconds", "a shard is kept for who has an index that names it: a week, as CEP 16 asks") \
    X(shards_dead_bytes, 67108864, "bytes", "of shards that nobody is told of, before they are cleared away") \
    X(judge_files, 4000, "files", "of a page, judged for its listing in one turn of the keeper")   \
    X(rescan_starts, 16, "files", "to be inspected again, taken up in one turn of the keeper")     \
    X(fetched_by_log, 20, "clients", "named in the log when a file is withdrawn")                  \
    /* signing */                                                                                  \
    X(attestation_bytes, 262144, "bytes", "an attestation or bundle, as it is verified offline")   \
    X(sbom_bytes, 12582912, "bytes", "a bill of materials: some 20,000 packages. What a command prints fits into a channel") \
    X(sbom_components, 200000, "packages", "of all layers of an image, each counted where it is")   \
    X(attached_bytes, 67108864, "bytes", "what is attached to an image, as it is signed and in base64") \
    X(withdrawals_bytes, 67108864, "bytes", "a signed list of withdrawals; 300,000 of them")       \
    X(withdrawals_valid_hours, 24, "hours", "that a list of withdrawals may be relied on")         \
    /* store */                                                                                    \
    X(store_busy_ms, 1000, "ms", "waiting for another process that has the database locked")       \
    X(store_snapshot_bytes, 1073741824, "bytes", "an encoded page in the store")                    \
    X(refusal_keep_days, 400, "days", "a refusal's page can be read after it was first refused")   \
    X(fetch_rows, 1000000, "rows", "of the log of fetches are kept, the newest")                   \
    X(served_rows, 5000000, "rows", "of who got what are kept, those first seen last")             \
    X(trim_rows, 1000, "rows", "dropped at once of each of these, every half minute")              \
    X(store_check_bytes, 134217728, "bytes", "a larger database is checked beside the work")       \
    X(store_reserve_bytes, 8388608, "bytes", "disk space that only withdrawals may use (T4)")      \
    /* log */                                                                                      \
    X(log_reserve_bytes, 4194304, "bytes", "allocated beyond the log's end, for a full disk (T4)") \
    X(log_journal_bytes, 8388608, "bytes", "of batches that are durable, but not in their places") \
    X(log_batch_bytes, 33554432, "bytes", "of entries that get one checkpoint")

struct ch_limits {
#define CH_LIMIT_FIELD(name, value, unit, reason) uint64_t name;
    CH_LIMITS(CH_LIMIT_FIELD)
#undef CH_LIMIT_FIELD
};

/* The limits in force. Written once at start-up, before any input is read. */
extern struct ch_limits ch_limits;

#endif
