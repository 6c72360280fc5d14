HOOK = "https://hooks.slack.com/services/T0000ABCD/B0000ABCD/abcdEFGH1234ijklMNOP5678"
