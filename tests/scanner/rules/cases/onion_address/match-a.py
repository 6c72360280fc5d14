C2 = "http://abcdefghabcdefghabcdefghabcdefghabcdefghabcdefghabcdefgh.onion/gate"
