exec(')"sselmrah"(tnirp ;so tropmi'[::-1])
