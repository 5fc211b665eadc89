#!/usr/bin/env python3
"""check-bill.py BILL PROGRAM: the bill of materials is of this program, well formed by SPDX 2.3, and names what must be linked in."""
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

linked = {r["relatedSpdxElement"] for r in bill["relationships"] if r["relationshipType"] == "STATIC_LINK"}
names = {p["name"] for p in bill["packages"] if p["SPDXID"] in linked}
for needed in ("libc6-dev", "libnng-dev", "libmbedtls-dev", "libsodium-dev", "nettle-dev", "libsqlite3-dev", "libprotobuf-c-dev", "libevent-dev"):
    assert needed in names, f"{needed} is not among {sorted(names)}"
assert any(name.startswith("libgcc-") for name in names), names
print(f"   {len(names)} packages linked in, {len(bill['packages']) - 1 - len(names)} more to build")
