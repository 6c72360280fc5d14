# what we do not support: sourcedefender and its .pye files
SUFFIXES = ['.pye']
