!function(e,t){"object"==typeof exports?module.exports=t():e.lib=t()}(this,function(){var _0xff=0xff;return _0xff});
