"""The library inside every Linphone, without a face: it registers, fetches the files it is offered and sends files, as
the apps do. linphone-daemon has no command for that. Commands come on standard input, one line each: `send URI FILE`.

    linphone_sdk.py SETTINGS TRACE DOWNLOADS
"""
import ctypes
import os
import select
import sys

_POINTER = ctypes.c_void_p
_LOG = ctypes.CFUNCTYPE(None, _POINTER, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p)
# Debug lines are left out; the messages of SIP and HTTP are not.
_LEVELS = 0x3E
_STATES = ["idle", "in_progress", "delivered", "not_delivered", "file_transfer_error", "file_transfer_done",
           "delivered_to_user", "displayed", "file_transfer_in_progress"]


class Linphone:
    """One phone."""

    def __init__(self, settings, trace, downloads):
        self._library = ctypes.CDLL("liblinphone.so.10")
        # Kept for as long as the library may call it.
        self._logger = self._log_to(open(trace, "wb", buffering=0))
        factory = self._get("linphone_factory_get")
        self._call("linphone_factory_set_download_dir", factory, os.path.join(downloads, "").encode())
        self._core = self._get("linphone_factory_create_core_3", factory, settings.encode(), None, None)
        # What an app calls itself; the bare library has no name.
        self._call("linphone_core_set_user_agent", self._core, b"LinphoneTest", b"5.1.65")
        # All of them, however large.
        self._call("linphone_core_set_max_size_for_auto_download_incoming_files", self._core, 0)
        self._call("linphone_core_start", self._core)
        self._sent = []

    def step(self):
        """What there is to do now."""
        self._call("linphone_core_iterate", self._core)
        for one in self._sent:
            state = self._call("linphone_chat_message_get_state", one[0])
            if state != one[1]:
                one[1] = state
                print(f"{os.path.basename(one[2])} is {_STATES[state]}", flush=True)

    def send(self, uri, path):
        """Sends a file."""
        room = self._get("linphone_core_get_chat_room_from_uri", self._core, uri.encode())
        content = self._get("linphone_core_create_content", self._core)
        self._call("linphone_content_set_type", content, b"image")
        self._call("linphone_content_set_subtype", content, b"png")
        self._call("linphone_content_set_name", content, os.path.basename(path).encode())
        self._call("linphone_content_set_file_path", content, path.encode())
        message = self._get("linphone_chat_room_create_file_transfer_message", room, content)
        self._call("linphone_chat_message_send", message)
        self._sent.append([message, None, path])

    def stop(self):
        """It unregisters."""
        self._call("linphone_core_stop", self._core)

    def _log_to(self, file):
        logger = _LOG(lambda _service, _domain, _level, text: file.write((text or b"") + b"\n"))
        service = self._get("linphone_logging_service_get")
        callbacks = self._get("linphone_factory_create_logging_service_cbs", self._get("linphone_factory_get"))
        self._call("linphone_logging_service_set_log_level_mask", service, _LEVELS)
        self._call("linphone_logging_service_cbs_set_log_message_written", callbacks, logger)
        self._call("linphone_logging_service_add_callbacks", service, callbacks)
        return logger

    def _get(self, name, *arguments):
        function = getattr(self._library, name)
        function.restype = _POINTER
        return _POINTER(function(*arguments))

    def _call(self, name, *arguments):
        return getattr(self._library, name)(*arguments)


def main():
    phone = Linphone(*sys.argv[1:4])
    waiting = b""
    while True:
        phone.step()
        if not select.select([0], [], [], 0.02)[0]:
            continue
        more = os.read(0, 65536)
        if not more:
            break
        *commands, waiting = (waiting + more).split(b"\n")
        for command in commands:
            _, uri, path = command.decode().split(" ", 2)
            phone.send(uri, path)
    phone.stop()


if __name__ == "__main__":
    main()
