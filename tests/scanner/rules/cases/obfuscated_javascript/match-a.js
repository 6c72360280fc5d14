var _0x4f2a=['log'];(function(a,b){var c=function(d){while(--d){_0x4f2a['push'](_0x4f2a['shift']());}};c(++b);}(_0x4f2a,0x1f4));
