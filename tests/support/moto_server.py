"""Serves moto for the end-to-end tests, and ends when its standard input does.

moto 5.2.5 names the root of GetBucketVersioning's answer after the operation, which the AWS SDK for Rust does not
take; AWS calls it VersioningConfiguration. Earlier releases fail to start logging by a trail's ARN.
"""

import os
import sys
import threading

from moto.s3.responses import S3Response
from moto.server import main


def get_bucket_versioning(self):
    status = self.backend.get_bucket_versioning(self.bucket_name)
    self.data["Action"] = "GetBucketVersioning"
    content = f"<Status>{status}</Status>" if status else ""
    namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
    return 200, {}, f'<VersioningConfiguration xmlns="{namespace}">{content}</VersioningConfiguration>'


def end_with_standard_input():
    sys.stdin.read()
    os._exit(0)


S3Response.get_bucket_versioning = get_bucket_versioning
threading.Thread(target=end_with_standard_input, daemon=True).start()
main(["-H", "127.0.0.1", "-p", sys.argv[1]])
