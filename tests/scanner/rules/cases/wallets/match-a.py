PLACES = [r"Exodus\exodus.wallet", r"Electrum\wallets", "nkbihfbeogaeaoehlefnkodbefgpgknn"]
