#!/usr/bin/env python3
"""check-bill.py BILL PROGRAM [OWNERS]: the bill of materials is of this program, well formed by SPDX 2.3, and names what must be linked in; where OWNERS is given,
a file with the package of each library that the image carries, it names exactly those as libraries that it runs with."""
import hashlib
import json
import re
import sys

bill = json.load(open(sys.argv[1], encoding="utf-8"))
program = open(sys.argv[2], "rb").read()

for field in ("spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace", "creationInfo", "packages", "relationships"):
    assert field in bill, f"{field} is missing"
assert bill["spdxVersion"] == "SPDX-2.3" and bill["dataLicense"] == "CC0-1.0" and bill["SPDXID"] == "SPDXRef-DOCUMENT"
assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", bill["creationInfo"]["created"])

ids = {"SPDXRef-DOCUMENT"}
for package in bill["packages"]:
    assert re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", package["SPDXID"]), package["SPDXID"]
    assert package["SPDXID"] not in ids, f"{package['SPDXID']} twice"
    assert package["name"] and package["versionInfo"] and package["downloadLocation"], package
    ids.add(package["SPDXID"])
for relation in bill["relationships"]:
    assert relation["spdxElementId"] in ids and relation["relatedSpdxElement"] in ids, relation

own = bill["packages"][0]
assert own["checksums"] == [{"algorithm": "SHA256", "checksumValue": hashlib.sha256(program).hexdigest()}], "another program"

packages = {p["SPDXID"]: p["name"] for p in bill["packages"]}


def related(kind):
    return sorted(packages[r["relatedSpdxElement"]] for r in bill["relationships"] if r["relationshipType"] == kind)


if len(sys.argv) > 3:
    names = related("DYNAMIC_LINK")
    owners = sorted(set(open(sys.argv[3], encoding="utf-8").read().split()))
    assert not related("STATIC_LINK"), "static, too?"
    assert owners and names == owners, f"named, and not in the image: {set(names) - set(owners)}; in the image, and not named: {set(owners) - set(names)}"
    assert len(names) == len(set(names)) and "libc6" in names, names
else:
    names = related("STATIC_LINK")
    for needed in ("libc6-dev", "libnng-dev", "libmbedtls-dev", "libsodium-dev", "nettle-dev", "libsqlite3-dev", "libprotobuf-c-dev", "libevent-dev"):
        assert needed in names, f"{needed} is not among {names}"
    assert any(name.startswith("libgcc-") for name in names), names
print(f"   {own['name']}: {len(names)} packages linked in, {len(bill['packages']) - 1 - len(names)} more to build")
