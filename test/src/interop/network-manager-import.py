"""Imports a profile by NetworkManager's own plugin, through libnm, and prints what came out as JSON.

network-manager-import.py NAME_FILE PROFILE: the file that names the plugin, and an .ovpn file. The plugin writes inline
certificates and keys below $HOME. Neither NetworkManager nor D-Bus has to run.
"""

import ctypes
import json
import sys

libnm = ctypes.CDLL('libnm.so.0')


class GError(ctypes.Structure):
    """GLib's error, as far as it is read here."""

    _fields_ = [('domain', ctypes.c_uint32), ('code', ctypes.c_int), ('message', ctypes.c_char_p)]


def function(name, result, *arguments):
    """Gives a function of libnm with its types."""
    found = getattr(libnm, name)
    found.restype = result
    found.argtypes = arguments
    return found


def checked(call, *arguments):
    """Calls a function whose last argument takes an error."""
    error = ctypes.POINTER(GError)()
    result = call(*arguments, ctypes.byref(error))
    if error:
        sys.exit(error.contents.message.decode())
    return result


pointer, text, errors = ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.POINTER(GError))
info_from_file = function('nm_vpn_plugin_info_new_from_file', pointer, text, errors)
load_plugin = function('nm_vpn_plugin_info_load_editor_plugin', pointer, pointer, errors)
import_file = function('nm_vpn_editor_plugin_import', pointer, pointer, text, errors)
vpn_setting = function('nm_connection_get_setting_vpn', pointer, pointer)
keys_of = function('nm_setting_vpn_get_data_keys', ctypes.POINTER(text), pointer, ctypes.POINTER(ctypes.c_uint))
item_of = function('nm_setting_vpn_get_data_item', text, pointer, text)

plugin = checked(load_plugin, checked(info_from_file, sys.argv[1].encode()))
setting = vpn_setting(checked(import_file, plugin, sys.argv[2].encode()))
count = ctypes.c_uint()
keys = keys_of(setting, ctypes.byref(count))
print(json.dumps({keys[index].decode(): item_of(setting, keys[index]).decode() for index in range(count.value)}))
