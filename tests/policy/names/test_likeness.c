/* Names that resemble a well-known project's, and honest ones beside them. */
#include "tests/ch_test.h"

#include "base/pypi/name.h"
#include "policy/names/likeness_int.h"

static void the_list_is_in_form(void **state)
{
    (void)state;
    size_t homes = 0;
    assert_true(ch_well_known_count >= 1000);
    for (size_t i = 0; i < ch_well_known_count; i++) {
        const struct ch_well_known *k = &ch_well_known[i];
        struct ch_str name = ch_str_of(k->name);
        struct ch_str home = ch_str_of(k->home);
        assert_true(ch_pypi_name_is_normal(name));
        /* sorted and each once: what finds them counts on it */
        if (i > 0 && strcmp(ch_well_known[i - 1].name, k->name) >= 0) {
            fail_msg("%s stands before %s", ch_well_known[i - 1].name, k->name);
        }
        assert_ptr_equal(ch_well_known_find(name), k);
        if (strcmp(k->home, "-") != 0) {
            size_t slash = 0;
            size_t dot;
            for (size_t c = 0; c < home.len; c++) {
                slash += home.ptr[c] == '/';
                assert_false(home.ptr[c] >= 'A' && home.ptr[c] <= 'Z');
            }
            assert_true(slash <= 2 && ch_str_find_char(home, '.', &dot));
            assert_true(!ch_str_starts(home, CH_STR("github.com")) || slash == 2);
            homes++;
        }
    }
    assert_true(homes >= 1000);
}

static void a_name_on_the_list_resembles_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < ch_well_known_count; i++) {
        struct ch_likeness l = ch_likeness_of(ch_str_of(ch_well_known[i].name));
        assert_int_equal(l.kind, CH_LIKENESS_NONE);
        assert_null(l.of);
    }
}

static void kinds(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *kind;
        const char *of;
    } rows[] = {
        /* one letter more, less, other */
        {"request", "distance", "requests"},
        {"requessts", "distance", "requests"},
        {"urllib", "distance", "urllib3"},
        {"djanga", "distance", "django"},
        {"colourama", "distance", "colorama"},
        {"nunpy", "distance", "numpy"},
        {"python3-dateutil", "distance", "python-dateutil"},
        {"opencv-python-headlesss", "distance", "opencv-python-headless"},
        {"huggingface-hup", "distance", "huggingface-hub"},
        {"xsetuptools", "distance", "setuptools"},
        /* two neighbours */
        {"reqeusts", "swap", "requests"},
        {"selenuim", "swap", "selenium"},
        {"ptyhon-dateutil", "swap", "python-dateutil"},
        {"tdqm", "swap", "tqdm"},
        /* separators */
        {"setup-tools", "separator", "setuptools"},
        {"scikitlearn", "separator", "scikit-learn"},
        {"scik-itlearn", "separator", "scikit-learn"},
        {"boto-3", "separator", "boto3"},
        /* look-alikes */
        {"jeilyfish", "look-alike", "jellyfish"},
        {"b1ack", "look-alike", "black"},
        {"pil1ow", "look-alike", "pillow"},
        {"f1ask", "look-alike", "flask"},
        {"rnatplotlib", "look-alike", "matplotlib"},
        {"rnypy", "look-alike", "mypy"},
        {"vverkzeug", "look-alike", "werkzeug"},
        {"p5util", "look-alike", "psutil"},
        {"10guru", "look-alike", "loguru"},
        /* common words, and words in another order */
        {"dateutil", "combined", "python-dateutil"},
        {"python-requests", "combined", "requests"},
        {"requests-python", "combined", "requests"},
        {"pyflask", "combined", "flask"},
        {"requests-utils", "combined", "requests"},
        {"openai-official", "combined", "openai"},
        {"learn-scikit", "combined", "scikit-learn"},
        {"requests-dev", "combined", "requests"},
        {"libnumpy", "combined", "numpy"},
        {"numpy-sdk", "combined", "numpy"},
        {"pytorch", "combined", "torch"},
        /* honest names that are near */
        {"slack", "none", NULL},   /* black: the first letter */
        {"match", "none", NULL},   /* hatch */
        {"toml-rs", "none", NULL}, /* short */
        {"pip3", "none", NULL},
        {"nvidia-cublas-cu11", "none", NULL}, /* another digit is another version */
        {"nvidia-cudnn-cu13", "none", NULL},  /* and the 3 no word */
        {"mypy-boto3-sns", "none", NULL},     /* of a family */
        {"types-six", "none", NULL},
        {"pytest-mok", "none", NULL},
        {"flask-restful", "none", NULL},
        {"requests-unixsocket", "none", NULL},
        {"boutique-shop", "none", NULL},
        {"reqeustss", "none", NULL}, /* two edits */
        {"a", "none", NULL},
        {"", "none", NULL},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_likeness l = ch_likeness_of(ch_str_of(rows[i].name));
        const char *of = l.of != NULL ? l.of : "";
        if (strcmp(ch_likeness_name(l.kind), rows[i].kind) != 0 ||
            strcmp(of, rows[i].of != NULL ? rows[i].of : "") != 0) {
            fail_msg("%s: %s %s, expected %s %s", rows[i].name, ch_likeness_name(l.kind), of,
                     rows[i].kind, rows[i].of != NULL ? rows[i].of : "");
        }
    }
}

/* What the whole list says, one name after the other. */
static bool full_scan(struct ch_str name)
{
    for (size_t i = 0; i < ch_well_known_count; i++) {
        if (ch_likeness_compare(name, ch_str_of(ch_well_known[i].name)) != CH_LIKENESS_NONE) {
            return true;
        }
    }
    return false;
}

static void the_index_misses_nothing(void **state)
{
    (void)state;
    size_t alike = 0;
    for (size_t i = 0; i < ch_well_known_count; i += 37) {
        struct ch_str known = ch_str_of(ch_well_known[i].name);
        for (unsigned how = 0; how < 6; how++) {
            size_t at = (i / 37 + how) % known.len;
            struct ch_buf b;
            ch_buf_init(&b, 200);
            ch_buf_puts(&b, how == 4 ? CH_STR("python-") : CH_STR(""));
            ch_buf_puts(&b, ch_str_sub(known, 0, at));
            if (how == 1) {
                ch_buf_putc(&b, 'x');
            } else if (how == 2 && at + 1 < known.len) {
                ch_buf_putc(&b, known.ptr[at + 1]);
            }
            if (how == 3) {
                ch_buf_putc(&b, 'q');
            } else if (how != 0) {
                ch_buf_putc(&b, known.ptr[at]);
            }
            ch_buf_puts(&b, ch_str_sub(known, at + (how == 2 ? 2 : 1), known.len));
            ch_buf_puts(&b, how == 5 ? CH_STR("-utils") : CH_STR(""));
            struct ch_str name = ch_buf_str(&b);
            if (ch_well_known_find(name) == NULL) {
                bool found = ch_likeness_of(name).kind != CH_LIKENESS_NONE;
                if (found != full_scan(name)) {
                    fail_msg("%.*s: found %d", CH_STR_ARG(name), found);
                }
                alike += found;
            }
            ch_buf_done(&b);
        }
    }
    assert_true(alike > 150);
}

static void same_home_is_owner_or_site(void **state)
{
    (void)state;
    static const struct {
        const char *project;
        const char *fact;
        const char *value;
        bool expect;
    } rows[] = {
        {"flaskk", "home", "github.com/pallets/flask", true},
        {"flaskk", "home", "github.com/pallets/other", true},
        {"flaskk", "home", "github.com/pallets", true},
        {"flaskk", "home", "github.com/palletsx/flask", false},
        {"flaskk", "home", "github.com/pallet", false},
        {"flaskk", "home", "github.com", false},
        {"flaskk", "home", "github.com/", false},
        {"flaskk", "home", "gitlab.com/pallets/flask", false},
        {"flaskk", "home", "", false},
        {"flaskk", "author", "github.com/pallets/flask", false},
        {"beautifulsoup", "home", "crummy.com/other", true},
        {"beautifulsoup", "home", "crummy.com.example.org/software", false},
        {"croniterr", "home", "-", false}, /* a home that is not certain is nobody's */
        {"boutique-shop", "home", "github.com/pallets/flask", false}, /* resembles none */
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_likeness l = ch_likeness_of(ch_str_of(rows[i].project));
        struct ch_fact facts[] = {{CH_STR("name"), ch_str_of(rows[i].project)},
                                  {ch_str_of(rows[i].fact), ch_str_of(rows[i].value)}};
        if (ch_likeness_same_home(&l, facts, CH_ARRAY_LEN(facts)) != rows[i].expect) {
            fail_msg("%s, %s", rows[i].project, rows[i].value);
        }
        assert_false(ch_likeness_same_home(&l, NULL, 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_is_in_form),
        cmocka_unit_test(a_name_on_the_list_resembles_none),
        cmocka_unit_test(kinds),
        cmocka_unit_test(the_index_misses_nothing),
        cmocka_unit_test(same_home_is_owner_or_site),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
