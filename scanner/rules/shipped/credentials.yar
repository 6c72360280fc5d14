/* What is stolen. */

rule browser_passwords
{
    meta:
        id = "CH-R-040"
        message = "reads the passwords that browsers have saved"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $store1 = "Login Data"
        $store2 = "logins.json"
        $key1 = "CryptUnprotectData"
        $key2 = "os_crypt"
        $key3 = "key4.db"
        $key4 = /find-generic-password[^\n]{0,60}Chrome/
        $query = /SELECT[^\n]{0,80}password_value[^\n]{0,40}FROM logins/ nocase
    condition:
        $query or (any of ($store*) and any of ($key*))
}

rule discord_tokens
{
    meta:
        id = "CH-R-041"
        message = "searches the disk for Discord sessions"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $key = "dQw4w9WgXcQ:"
        $token1 = /\[\\?\\?w-\]\{2[46]\}\\{1,2}\.\[\\?\\?w-\]\{6\}\\{1,2}\.\[\\?\\?w-\]\{2[57]/
        $token2 = /mfa\\{1,2}\.\[\\{1,2}w-\]\{84\}/
        $place = "leveldb"
    condition:
        $key or ($place and any of ($token*))
}

rule wallets
{
    meta:
        id = "CH-R-042"
        message = "looks for the files of several cryptocurrency wallets"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $bitcoin = "wallet.dat"
        $exodus = "exodus.wallet"
        $electrum = /Electrum[\\\/]{1,2}wallets/
        $metamask = "nkbihfbeogaeaoehlefnkodbefgpgknn"
        $phantom = "bfnaelmomeimhlpmgjnjophhpkkoljpa"
        $binance = "fhbohimaelbohpjbbldcngcnapndodjp"
        $atomic = /atomic[\\\/]{1,2}Local Storage/
        $coinomi = /Coinomi[\\\/]{1,2}Coinomi/
        $ethereum = /Ethereum[\\\/]{1,2}keystore/
        $guarda = /Guarda[\\\/]{1,2}Local Storage/
    condition:
        2 of them
}

rule key_files_sent
{
    meta:
        id = "CH-R-043"
        message = "names the files in which several tools keep secrets, and sends something"
        class = "irregular"
        severity = "medium"
        paths = "@code"
    strings:
        $ssh = /\.ssh[\/\\]{1,2}id_(rsa|ed25519|ecdsa)\b/
        $aws = /\.aws[\/\\]{1,2}credentials\b/
        $git = ".git-credentials"
        $npm = /["'\/~]\.npmrc\b/
        $pypi = /["'\/~]\.pypirc\b/
        $docker = /\.docker[\/\\]{1,2}config\.json/
        $kube = /\.kube[\/\\]{1,2}config\b/
        $netrc = /["'\/~]\.netrc\b/
        $gcloud = /gcloud[\/\\]{1,2}(credentials\.db|application_default_credentials\.json)/
        $history = /\.(bash|zsh)_history\b/
        $send = /\b(requests\.(post|put)|urllib\.request\.Request|urlopen|http\.client\.HTTPS?Connection|httpx\.post|https?\.request)\(|\.sendall\(|\bcurl -/
    condition:
        $send and 3 of ($ssh, $aws, $git, $npm, $pypi, $docker, $kube, $netrc, $gcloud, $history)
}

rule ci_secrets_sent
{
    meta:
        id = "CH-R-044"
        message = "collects the secrets of several build services and registries, and sends something"
        class = "irregular"
        severity = "medium"
        paths = "@code"
    strings:
        $s1 = "GITHUB_TOKEN"
        $s2 = "ACTIONS_RUNTIME_TOKEN"
        $s3 = "CI_JOB_TOKEN"
        $s4 = "NPM_TOKEN"
        $s5 = "TWINE_PASSWORD"
        $s6 = "AWS_SECRET_ACCESS_KEY"
        $s7 = "DOCKER_PASSWORD"
        $s8 = "VAULT_TOKEN"
        $s9 = "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
        $s10 = "CIRCLE_TOKEN"
        $s11 = "OPENAI_API_KEY"
        $send = /\b(requests\.(post|put)|urllib\.request\.Request|urlopen|http\.client\.HTTPS?Connection|httpx\.post|https?\.request|fetch)\(|\.sendall\(|\bcurl -/
    condition:
        $send and 4 of ($s*)
}

rule runner_memory
{
    meta:
        id = "CH-R-045"
        message = "reads the memory of a build runner to get at its secrets"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $worker = "Runner.Worker"
        $memory = /\/proc\/[^\n]{0,40}\/mem\b/
        $secret = /isSecret["':\\ ]{1,8}true/
    condition:
        ($worker and $memory) or ($secret and $memory)
}

rule cloud_metadata_sent
{
    meta:
        id = "CH-R-046"
        message = "asks the cloud for the credentials of this machine, and sends something elsewhere"
        class = "irregular"
        severity = "medium"
        paths = "@code"
    strings:
        $aws = /169\.254\.169\.254\/latest\/(meta-data\/iam\/security-credentials|api\/token|user-data)/
        $ecs = "169.254.170.2"
        $gcp = /(metadata\.google\.internal|169\.254\.169\.254)\/computeMetadata\/v1\/instance\/service-accounts\/default\/token/
        $send = /\b(requests|httpx)\.(post|put)\(|\bcurl -[^\n]{0,60}(-d|--data|-X POST)|\burllib\.request\.Request\([^\n]{0,120}data=/
    condition:
        $send and any of ($aws, $ecs, $gcp)
}

rule kubernetes_token_sent
{
    meta:
        id = "CH-R-047"
        message = "reads the token of the Kubernetes service account, and sends something elsewhere"
        class = "irregular"
        severity = "medium"
        paths = "@code"
    strings:
        $token = "/run/secrets/kubernetes.io/serviceaccount/token"
        $send = /\b(requests|httpx)\.(post|put)\(\s{0,20}f?["']https?:|\bcurl -[^\n]{0,60}(-d|--data|-X POST)|socket\.gethostbyname\(f["']/
    condition:
        all of them
}

rule shadow_file
{
    meta:
        id = "CH-R-048"
        message = "reads the password hashes of this machine"
        class = "irregular"
        severity = "medium"
        paths = "@code"
    strings:
        $open = /\bopen\(\s{0,8}r?["']\/etc\/shadow["']/
        $cat = /\b(cat|cp|head|tail|base64) \/etc\/shadow\b/
        $sam = /reg(\.exe)? save HKLM\\{1,2}(SAM|SECURITY)\b/ nocase
    condition:
        any of them
}
