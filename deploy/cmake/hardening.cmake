# ch_warnings and ch_hardening: INTERFACE targets that every target links. No global flags.
# Flags follow the OpenSSF compiler hardening guide; each is probed, since GCC 12 and Clang 14
# differ in what they take.
include(CheckCCompilerFlag)
include(CheckPIESupported)
check_pie_supported()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(ch_warnings INTERFACE)
add_library(ch_hardening INTERFACE)

function(ch_probe target)
    foreach(flag IN LISTS ARGN)
        string(MAKE_C_IDENTIFIER "have${flag}" var)
        check_c_compiler_flag(${flag} ${var})
        if(${var})
            target_compile_options(${target} INTERFACE ${flag})
        endif()
    endforeach()
endfunction()

ch_probe(ch_warnings
    -Wall -Wextra -Wpedantic -Wformat=2 -Wconversion -Wsign-conversion -Wshadow
    -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum -Wvla -Wcast-qual -Wwrite-strings
    -Wundef -Wimplicit-fallthrough -Wtrampolines -Wbidi-chars=any
    -Werror=implicit -Werror=incompatible-pointer-types -Werror=int-conversion
    -Werror=format-security)
target_compile_definitions(ch_warnings INTERFACE _GNU_SOURCE)

ch_probe(ch_hardening
    -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
    -fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing
    -ftrivial-auto-var-init=zero)
target_link_options(ch_hardening INTERFACE
    -Wl,-z,noexecstack -Wl,-z,relro -Wl,-z,now -Wl,--as-needed -Wl,--no-copy-dt-needed-entries)

if(CH_SANITIZE)
    target_compile_options(ch_hardening INTERFACE
        -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1)
    target_link_options(ch_hardening INTERFACE -fsanitize=address,undefined)
    target_compile_definitions(ch_hardening INTERFACE CH_SANITIZED=1)
else()
    target_compile_options(ch_hardening INTERFACE
        $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE>
        $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>)
endif()

if(CH_FUZZ)
    # Without this libFuzzer sees only the target's own file, not the libraries it is to explore.
    target_compile_options(ch_hardening INTERFACE -fsanitize=fuzzer-no-link)
    target_link_options(ch_hardening INTERFACE -fsanitize=fuzzer-no-link)
endif()

# ch_library(NAME SOURCES... [LINK libs...]) and ch_executable(...): the only way targets are made.
function(ch_library name)
    cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
    add_library(${name} STATIC ${arg_SOURCES})
    target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/include
        PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE ch_warnings PUBLIC ch_hardening ${arg_LINK})
endfunction()

function(ch_executable name)
    cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
    add_executable(${name} ${arg_SOURCES})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/include
        ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE ch_warnings ch_hardening ${arg_LINK})
endfunction()
