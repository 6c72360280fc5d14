/* What the file's own part of a fact auto-load may be: scanners tell of these scripts and groups alone, so that a policy
 * which asks for others is a mistake. */
#include "customhouse/fact.h"

/* Whether `list` has the word with a blank around it. */
static bool has_word(struct ch_str list, struct ch_str word)
{
    struct ch_str one;
    while (ch_str_split(&list, ' ', &one)) {
        if (word.len > 0 && ch_str_eq(one, word)) {
            return true;
        }
    }
    return false;
}

/* Commands of a shell, of build and of version control: a script of this name answers for them once
 * its folder comes first. With a blank between. */
static const char commands[] =
    " python python2 python3 pythonw pip pip2 pip3 uv uvx pipx conda mamba ls cat cp mv rm mkdir rmdir "
    "chmod chown ln touch cd echo env printenv export test true false kill ps top df du mount sudo su "
    "doas login passwd id whoami sh bash zsh dash fish csh ksh tmux screen ssh scp sftp ssh-add "
    "ssh-agent ssh-keygen rsync curl wget nc ncat telnet ftp git svn hg gh gpg openssl tar gzip gunzip "
    "bzip2 xz zip unzip grep egrep fgrep sed awk find xargs sort uniq head tail less more cut tr tee wc "
    "diff patch vi vim nano emacs make gmake cmake ninja gcc g++ cc c++ clang ld ar as cpp gdb strace "
    "node npm npx yarn pnpm ruby gem perl php java javac mvn gradle go gofmt cargo rustc rustup docker "
    "docker-compose podman kubectl helm terraform ansible vault aws az gcloud systemctl service "
    "crontab at apt apt-get dpkg yum dnf rpm brew cmd cmd.exe powershell powershell.exe pwsh where "
    "activate activate.bat activate.csh activate.fish activate.nu activate.xsh Activate.ps1 activate.ps1 "
    "activate_this.py deactivate.bat which who uname hostname ip ifconfig ping dig nslookup date sleep time nvidia-smi nvcc ";

static struct ch_str without_exe(struct ch_str name)
{
    return name.len > 4 && ch_str_eq_nocase(ch_str_sub(name, name.len - 4, 4), CH_STR(".exe"))
               ? ch_str_sub(name, 0, name.len - 4)
               : name;
}

/* "pip3.12" stands for "pip3" and "pip": numbers and dots at the end say which one of several. */
bool ch_command_is_known(struct ch_str name)
{
    struct ch_str s = without_exe(name);
    if (has_word(CH_STR(commands), s)) {
        return true;
    }
    size_t len = s.len;
    while (len > 0 && ((s.ptr[len - 1] >= '0' && s.ptr[len - 1] <= '9') || s.ptr[len - 1] == '.')) {
        len--;
    }
    struct ch_str base = ch_str_sub(s, 0, len);
    return len < s.len && (ch_str_eq(base, CH_STR("pip")) || ch_str_eq(base, CH_STR("python")));
}

/* Groups whose entries are loaded without anybody naming them. With a blank between. */
static const char groups[] =
    /* setuptools, while it builds anything; pip's and twine's credentials; test runners */
    " distutils.commands distutils.setup_keywords setuptools.finalize_distribution_options "
    "setuptools.file_finders setuptools_scm.parse_scm setuptools_scm.parse_scm_fallback "
    "setuptools_scm.files_command setuptools_scm.files_command_fallback pdm.build.hook "
    "egg_info.writers "
    "keyring.backends pytest11 hypothesis nose.plugins.0.10 tox tox.plugin flake8.extension "
    "flake8.report bandit.plugins pylsp pytest_randomly.random_seeder pylint.plugins "
    "virtualenv.create "
    "virtualenv.seed virtualenv.discovery virtualenv.activate poetry.plugin "
    "poetry.application.plugin "
    "pdm hatch twine.registered_commands "
    /* libraries that load what registers with them on import or on start */
    "torch.backends triton.backends tensorflow-plugins lightning.pytorch.callbacks_factory "
    "pytorch_lightning.callbacks_factory dask.array.backends dask.dataframe.backends "
    "flask.commands "
    "sitecustomize xonsh.xontribs jupyter_ai.model_providers jupyter_ai.chat_handlers mlflow.app "
    "mlflow.deployments mlflow.model_evaluator mlflow.dataset_source mlflow.dataset_constructor "
    "mlflow.request_auth_provider xarray.chunkmanagers kedro.project_commands "
    "kedro.global_commands "
    "kedro.init kedro.line_magic jax_plugins numba_extensions vllm.general_plugins "
    "vllm.platform_plugins "
    "mlflow.tracking_store mlflow.artifact_repository mlflow.run_context_provider "
    "mlflow.request_header_provider mlflow.default_experiment_provider xarray.backends kedro.hooks "
    "datasette apache_airflow_provider airflow.plugins prefect.collections opentelemetry_distro "
    "opentelemetry_configurator opentelemetry_instrumentor jupyter_client.kernel_provisioners "
    "jupyter_serverproxy_servers jupyter.server_extensions tensorboard_plugins celery.fixups "
    "locust.plugins streamlit.components ";

bool ch_group_loads_by_itself(struct ch_str group)
{
    return has_word(CH_STR(groups), group);
}
