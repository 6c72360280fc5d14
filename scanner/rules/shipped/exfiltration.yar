/* Where stolen data goes. */

rule webhook_discord
{
    meta:
        id = "CH-R-020"
        message = "sends to a Discord webhook whose address, token included, is built in"
        class = "irregular"
        severity = "high"
        paths = "@code,*.pyc"
    strings:
        $hook = /discord(app)?\.com\/api\/(v\d{1,2}\/)?webhooks\/\d{17,20}\/[A-Za-z0-9_-]{40,}/
    condition:
        $hook
}

rule webhook_telegram
{
    meta:
        id = "CH-R-021"
        message = "sends to a Telegram bot whose token is built in"
        class = "irregular"
        severity = "high"
        paths = "@code,*.pyc"
    strings:
        $whole = /api\.telegram\.org\/bot\d{8,10}:[A-Za-z0-9_-]{30,}/
        $host = "api.telegram.org/bot"
        $token = /["']\d{8,10}:AA[A-Za-z0-9_-]{33}["']/
    condition:
        $whole or ($host and $token)
}

rule webhook_slack
{
    meta:
        id = "CH-R-022"
        message = "sends to a Slack webhook whose address, secret included, is built in"
        class = "irregular"
        severity = "medium"
        paths = "@code,*.pyc"
    strings:
        $hook = /hooks\.slack\.com\/services\/T[A-Z0-9]{8,11}\/B[A-Z0-9]{8,11}\/[A-Za-z0-9]{22,24}\b/
    condition:
        $hook
}

rule request_catcher
{
    meta:
        id = "CH-R-023"
        message = "talks to a service that shows others what is sent to it (request catcher)"
        class = "irregular"
        severity = "high"
        paths = "@code,*.pyc"
    strings:
        $site = /(\w = f?["']|\b(get|post|put|urlopen|fetch|curl|wget|request)[( ][^\n]{0,80})https?:\/\/webhook\.site\/[0-9a-f]{8}-[0-9a-f]{4}-/
        $oast = /\b[a-z0-9]{8,64}\.oast(ify)?\.(com|fun|pro|live|site|online|me)\b/
        $burp = /\b[a-z0-9]{8,64}\.burpcollaborator\.net\b/
        $pipe = /\b[a-z0-9]{8,40}\.m\.pipedream\.net\b/
        $interact = /\b[a-z0-9]{20,64}\.interact\.sh\b/
        $repo = /\b[a-z0-9]{6,20}\.requestrepo\.com\b/
        $canary = /\b[a-z0-9]{16,40}\.canarytokens\.com\b/
    condition:
        any of them
}

rule file_drop
{
    meta:
        id = "CH-R-024"
        message = "uploads to an anonymous file drop"
        class = "irregular"
        severity = "medium"
        paths = "@code"
    strings:
        $gofile = /\bgofile\.io\/(uploadFile|contents\/uploadfile)/
        $catbox = "catbox.moe/user/api.php"
        $anon = /api\.anonfiles?\.com\/upload/
        $transfer = /(--upload-file|requests\.(put|post)\()[^\n]{0,120}https?:\/\/transfer\.sh\b/
        $fileio = /requests\.post\(\s{0,20}f?["']https?:\/\/(www\.)?file\.io\b/
        $nullptr = /requests\.post\(\s{0,20}f?["']https?:\/\/0x0\.st\b/
        $bashup = /https?:\/\/bashupload\.com\b/
    condition:
        any of them
}

rule paste_executed
{
    meta:
        id = "CH-R-025"
        message = "fetches text from a paste service in a file that also executes text"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $raw1 = /https?:\/\/(www\.)?pastebin\.com\/raw\/\w{6,}/
        $raw2 = /https?:\/\/(www\.)?(paste\.ee\/r|rentry\.co|hastebin\.com\/raw|ghostbin\.com\/paste|controlc\.com|paste\.rs|termbin\.com)\/\w{4,}/
        $run = /\b(exec|eval|os\.system|subprocess\.\w{2,12}|Invoke-Expression|iex)\b\s{0,2}\(?/
    condition:
        any of ($raw*) and $run
}

rule tunnel_endpoint
{
    meta:
        id = "CH-R-026"
        message = "has the address of a throw-away tunnel built in"
        class = "irregular"
        severity = "medium"
        paths = "@code,*.pyc"
    strings:
        $tunnel = /https?:\/\/[a-z0-9][a-z0-9-]{7,60}\.(ngrok\.io|ngrok\.app|ngrok-free\.app|ngrok-free\.dev|trycloudflare\.com|loca\.lt|serveo\.net|lhr\.life)\b/
        $tcp = /\b\d\.tcp\.(\w{2}\.)?ngrok\.io\b/
    condition:
        any of them
}

rule dns_exfiltration
{
    meta:
        id = "CH-R-027"
        message = "looks up names that carry data of this machine (DNS as a way out)"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $python = /\b(gethostbyname|getaddrinfo|resolver\.(resolve|query)|\.resolve)\(\s{0,8}f["'][^"'\n]{0,40}\{[^}\n]{0,60}(b32encode|b64encode|hexlify|\.hex\(\)|getuser|gethostname|environ|platform\.node|hostname|username)[^}\n]{0,60}\}[^"'\n]{0,80}\.[a-z]{2,}/
        $shell = /\b(nslookup|dig|host|ping)( -\w{1,3}( \d{1,2})?)? ["']?(\$\(|`)(whoami|hostname|id|uname)[^\n]{0,60}\.[a-z]{2,}/
    condition:
        any of them
}

rule environment_sent
{
    meta:
        id = "CH-R-028"
        message = "sends all environment variables, secrets included, somewhere"
        class = "irregular"
        severity = "high"
        paths = "@code"
    strings:
        $post = /(requests\.(post|put|get)|urlopen|httpx\.(post|put)|\.sendall|\.request)\([^\n]{0,200}(dict\(os\.environ\)|os\.environ\.copy\(\)|str\(os\.environ\)|dict\(environ\)|data=os\.environ\b|json=os\.environ\b)/
        $node = /JSON\.stringify\(process\.env\)/
        $send = /\b(https?\.request|fetch|axios\.post)\(/
        $shell = /\b(env|printenv)( \|[^\n|]{1,60})? ?\| ?(curl\b|nc |wget\b)/
    condition:
        $post or $shell or ($node and $send)
}

rule machine_reported
{
    meta:
        id = "CH-R-029"
        message = "collects user name, machine name and public address, and sends something"
        class = "irregular"
        severity = "medium"
        paths = "@code"
    strings:
        $who = /\b(getpass\.getuser|os\.getlogin)\(\)/
        $host = /\b(socket\.gethostname|platform\.node|platform\.uname|uuid\.getnode)\(\)/
        $address = /\b(api\.ipify\.org|api64\.ipify\.org|ipinfo\.io|ifconfig\.me|icanhazip\.com|ip-api\.com|checkip\.amazonaws\.com|ipapi\.co)\b/
        $send = /\b(requests\.(post|put)|urllib\.request\.Request|http\.client\.HTTPS?Connection|httpx\.post|smtplib\.SMTP(_SSL)?)\(/
    condition:
        $who and $host and $address and $send
}

rule screen_sent
{
    meta:
        id = "CH-R-030"
        message = "takes pictures of the screen and sends them to a chat service"
        class = "irregular"
        severity = "high"
        paths = "@python"
    strings:
        $grab = /\b(ImageGrab\.grab|pyautogui\.screenshot|pyscreenshot\.grab|mss\.mss)\(/
        $chat = /(discord(app)?\.com\/api\/webhooks|api\.telegram\.org\/bot|hooks\.slack\.com\/services)/
        $send = /\b(requests|httpx)\.post\(/
    condition:
        all of them
}

rule onion_address
{
    meta:
        id = "CH-R-031"
        message = "has the address of a Tor hidden service built in"
        class = "irregular"
        severity = "medium"
        paths = "@code,*.pyc"
    strings:
        $onion = /\b[a-z2-7]{56}\.onion\b/
    condition:
        $onion
}
