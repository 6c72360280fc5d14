stratum = layers[0]
protocol = "stratum"
print(stratum + depth)
