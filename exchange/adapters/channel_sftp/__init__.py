"""Channel over SFTP (paramiko): pinned host keys, resumed uploads, one rename that makes a packet appear."""

from exchange.adapters.channel_sftp.channel import SftpChannel
from exchange.adapters.channel_sftp.login import SftpLogin
from exchange.adapters.channel_sftp.wire import Capabilities

__all__ = ["Capabilities", "SftpChannel", "SftpLogin"]
