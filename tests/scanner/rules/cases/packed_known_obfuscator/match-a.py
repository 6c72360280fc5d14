__obfuscator__ = 'x'
__authors__ = ('y',)
class Kramer():
    def __decode__(self:object,_execute:str)->exec:return(None,_execute(''))
