# recognise bundles made with pyarmor
NAMES = ['pyarmor', 'pytransform']
