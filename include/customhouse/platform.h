/* Which image of an index is taken for a platform: the one that containerd takes, and with it
 * Kubernetes' nodes. Whoever has to know that asks here, so that all mean the same image.
 *
 * Source: containerd's package platforms (github.com/containerd/platforms v1.0.0-rc.2: Normalize,
 * Only), and how it applies it to an index (containerd's images.Manifest and
 * images.LimitManifests): the first of those that fit best; one of which no platform is said fits
 * after all others. */
#ifndef CUSTOMHOUSE_PLATFORM_H
#define CUSTOMHOUSE_PLATFORM_H

#include "customhouse/bytes.h"

#define CH_PLATFORM_NONE    SIZE_MAX
#define CH_PLATFORM_ALL     "all" /* each image of an index is wanted */
#define CH_PLATFORM_MAX     128
#define CH_PLATFORM_DEFAULT "linux/amd64" /* of a repository that names none */

/* How well an image for `platform` fits where `wanted` is wanted, both OS/ARCHITECTURE[/VARIANT];
 * of the image OS may have os.version and os.features behind it, OS(VERSION+FEATURE), which do not
 * count: 0 best; CH_PLATFORM_NONE: it is not taken there. "" is an image of which nothing is said.
 * Where OS is empty it is whatever the node has, as for containerd. All fit "all", equally. */
size_t ch_platform_fits(struct ch_str platform, struct ch_str wanted);
/* Whether it asks for features of the OS. Up to v1.0.0-rc.2 that is no matter; a newer one takes
 * such an image nowhere but where these features were asked for (Match). Versions are no matter
 * where none is asked for (windowsVersionMatcher). */
bool ch_platform_has_features(struct ch_str platform);
/* Whether it is one that can be wanted: OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT in lower case,
 * shorter than CH_PLATFORM_MAX; or "all". */
bool ch_platform_is_good(struct ch_str wanted);

#endif
