assert word == 'a man a plan a canal'[::-1]
exec('print(1)')
