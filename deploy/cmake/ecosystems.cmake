# The table of ecosystems: one name per row. Configuration (which names are known), proxy/eco (what URLs and
# names mean) and scanner/eco (what bytes mean) read this list, and nothing else knows how many there are. The
# file pair of a name is proxy/eco/NAME/ with `ch_ecosystem_NAME` and scanner/eco/NAME/ with `ch_inspector_NAME`.
set(CH_ECOSYSTEMS_RELEASED pypi conda oci)
set(CH_ECOSYSTEMS ${CH_ECOSYSTEMS_RELEASED})
# Trees with tests have one more, made up: it shows that a file pair and a row are all that one takes.
if(CH_TESTS)
    list(APPEND CH_ECOSYSTEMS test)
endif()

# ch_eco_rows(TARGET NAME...): a target that brings "eco_rows.h" with CH_ECOSYSTEM_ROWS(X) -> X(NAME) ...
function(ch_eco_rows target)
    list(TRANSFORM ARGN REPLACE "(.+)" "X(\\1)" OUTPUT_VARIABLE rows)
    list(JOIN rows " " rows)
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/rows/${target}/eco_rows.h
        CONTENT "#define CH_ECOSYSTEM_ROWS(X) @rows@\n" @ONLY)
    add_library(${target} INTERFACE)
    target_include_directories(${target} INTERFACE ${CMAKE_BINARY_DIR}/rows/${target})
endfunction()

ch_eco_rows(ch_eco_rows ${CH_ECOSYSTEMS})
ch_eco_rows(ch_eco_rows_released ${CH_ECOSYSTEMS_RELEASED})
