# Writes OUTPUT, a C file holding the texts of MIGRATIONS (numbered SQL files, none left out), each
# ending in the statement that records its number.
list(SORT MIGRATIONS)
set(arrays "")
set(rows "")
set(expected 1)
foreach(path IN LISTS MIGRATIONS)
    get_filename_component(name ${path} NAME)
    string(REGEX MATCH "^([0-9][0-9][0-9][0-9])_" matched ${name})
    math(EXPR number "1${CMAKE_MATCH_1} - 10000")
    if(NOT number EQUAL expected)
        message(FATAL_ERROR "${path}: migration ${expected} was expected here")
    endif()
    file(READ ${path} text HEX)
    string(HEX "\nPRAGMA user_version = ${number};\n" tail)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${text}${tail}")
    string(APPEND arrays "static const char sql_${number}[] = {${bytes}0};\n")
    string(APPEND rows "    {${number}, \"${name}\", sql_${number}},\n")
    math(EXPR expected "${expected} + 1")
endforeach()
# Bytes above 0x7f do not fit a signed char: the files are ASCII, and the compiler checks it.
file(WRITE ${OUTPUT} "#include \"db/store/store_int.h\"\n\n${arrays}
const struct ch_migration ch_migrations[] = {\n${rows}};
const size_t ch_migration_count = sizeof(ch_migrations) / sizeof(ch_migrations[0]);\n")
