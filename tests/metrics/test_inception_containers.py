"""Files of weights are read as torch and TensorFlow wrote them, and nothing in them is run."""

import base64
import io
import os
import pickle
import struct
import zipfile
import zlib

import numpy as np
import pytest
import tensorflow as tf

from kgan.metrics import inception_containers
from kgan.metrics.inception_containers import read

# The same state dict as torch 2.13 writes it into its zip archive and into its older format.
ZIP = (
    "c-qZYO>Em#9CtpNq^4cB(QX}-"
    "Q3i~3tZ6=+ud%k7DQ3fkwH_PME|HVCjfI=!Z@;u+VyF^ofeT_2N0_)EjT<)*Csc9Z%7qgg5J(dj;Le5j;YNNgZ5MLEitFU{{XYKh"
    "z5oC3B{dWlgjh`2a~%;z1*dY$Y|qqnq$k>MT8eyBxaqq#gSA@AvWyxsTTMs2YS#_hs4ti`B!V!dK_Fg^V6qLvTx}o-"
    ")=<l?H4>E$GA&1}*haNuTJ;Jtnoi5Etfxf?#pC5DMmTt;zG^_2K}5xB>F6386k(toz;luiDTna0*6u)5jUb3EtAZL-"
    "L)$Q@hSb0|h#xeFi$@R)X)s*Ip$b(~ci>0^>omd*#*>1PMpO+VI7;zba7+zs!EuIt6v3zlV>ArZv71I6PH^ZnoNQ3_ae@x1!EHFD"
    "28fBr7{lWTCNy}WJcuW^bz5IEkYU5=eb%BoLxd+eoeWGemruDa&k&bSGmU2uJgdRk_vw%4-"
    "h;RXQ#9O$ZmqyMM&vH#Wjxef$>%Az1m_v|w9B0!+%t?ji6Esxx=ap9b%pFhDhC;kQdZb-msX;*S;#WloJ*T0v;{_6L~uca7wE#)T"
    "b-"
    "(9z(tO9fev;lXDMY4<}hU#!Td5_WK3Bil$RK#jNnBL7Rm$k02yruUg8)RTg}xjpF;Wa@G|BLAh?VzPE9eMD+pfEK&954nr`VfEOL"
    "8MfL9snH4o}4f+Y=>JGVijdtJfXsFUP@YxMuGmq}j1_1kcR9`SX<c5v3f8*0FDoN8i8jmAC|e*1e7pJ{S0?VFopLdwm}#7fIv(^1"
    "9cQsn79DSF_QBBEdY`O~{3Dst~HIxZA<Mcw4A=$5(KTr-+Tk+Z$&?p`^G7?|IH--B2pc%Xq1;gV~h`W7-"
    ";q|_+#?0?hUy(|+U%OD=MW`8|J_B(Q*hasWlsfsg6MZVaV0miyHkN=eL2j83c{;WhCo&4y*opHMG2Rll59i<fcoY0d#(f*d`eVES"
    "wOax+w=*@Zc(u#aR_#efe={0_)P4w13pHK80ztm^^1!0G1-"
    "~ax`JEUBP57Cyr+F3=O>+ksAoSZAsy&ulr`>tpGT>tt!|6lX&mlAu#=)Qch@y9Qd_}Ani-"
    "p+cx<rVqNLwJk2Xrj~p@j<KS{V();{wHaSiEk!$4qyM_ZUyYt`#$SmMkMM#+*`eVc>SFaq}>KULw5|@#2w(4PTu`0W?hk!J)23Ui"
    "ursYm&{}{nOrfQOi5BEnat#}St*syr*cI+CQ11sak;h=d^?VP#Hq_bke(3Nr?+n&+2fplkM(1{?Qe|3eG(G>z0dk7ybWxeqc|28_"
    "U)Q}7H<n0;aKi=S-"
    "P#y5B65eAr5?EK;U|oAL*_8Jn}w|Og+5jc!Wcy{YY=E^=b0Rj34Q(ls?TUhm`zCZ;j)TAM?npAL*??JaRO~A#;ADx2EvOFL`9%kM"
    "vdqUz~#+vfxL0vw4`0vy0s49D7r2f`c9xg#(j+NsUC#yK_&6radoh{PRwTJ--%r3vYzh;45y{vUkvd2*Zrf`E2e#UGp~T"
)
LEGACY = (
    "c-"
    "oDWNpI6o5XWuDS!!r0J7q0<!V<DLPQucLQbNI9T^3(Z<T$Ujk%=?*OA$zwa%m}i1`Ztg7!}`!8&@O_jF+aQxDuAvnfLy`c{6X^<3"
    "0=4?=SUV<8Qt#j%9n?+>aRE*MUi^qYT4z9Glv@Z8g@2<C=CGSR9}ZqsKBSwMc`sTc*|qZc7!=NZ)rz!!<t;7h>zcr`0$bUBh-"
    "L#AQy6;g{K_kdS$m_cZMGDkNpT+eN017>no>DXy^Kw1`7m)22=ZU@{7@X*Gc}-Vt-vpup+Wc61}#=u*>ig@!|#UDIkcC~3R4(^xA"
    "A5KE`kq({e*+A0A)m?G3ITcgW?QGmEQf@7+pR4z$nNh%jBVh$31pn9i^u_fjyq?Tkx=H%EW49PK>-2~y2;l*@-"
    "!a)Uw{iQTb&4m#IsRnNhs+J34POQKoBPnyJHtMTwz+su)fFps@Q3}TtIPNczcAYk9!HNB}^3?*IG=j)Zd0H`<+k`Qh^#VK{=$)Z("
    "R)KTskXJ&@(cThD95}yE*7_p^xbQEvEEV&mYC#fVJY2!Wa0QpV6<iL8S14Rn;M$h|as4Bt70CFBF*IuhZUnMn31-"
    "mLufWYg5|*G)fm<Qzc1X&4q&opAM<K63K}~sCU-7D$m!LQRn5qZnK1AFDsTM^MN+CoFA!QFz2_RJpcNMtj7o=r(n-"
    "+ol1Bhwg*atk=3#b%Cm_PuJfXO8+4gzW(;9&rmqVPz8>7YR<>A3KCKz|lnqpx1yqb^m;5<Ee57S(4k{7fcLeM;e(0<s^rt813#z-"
    ")9y%ei8y0CS<n{9hUi6c!a&>aK(0@1F*44Xve74VHcXa}|vYyjX{qeuM4&8D7b(>$*+s<k#NcBciX^sJ7su_IE65`|(j(h(~RoL{"
    "zzxQ6)-6Wo3wDy#($ay-B>)@WiW!*Vh`i>-2ov|35zPvEf%TeD?hn=KIe3_(W}+XQGauli^D(c%=GzIIH#tu1jKL"
)
STATE = {
    "weight": np.float32([[0, 1, 2], [3, 4, 5]]),
    "bias": np.float32([0.5, -2]),
    "turned": np.float32([[0, 3], [1, 4], [2, 5]]),
    "parameter": np.float32([1, 2]),
    "half": np.float16([0.5, -3]),
    "bfloat16": np.float32([0.15625, -3]),
    "double": np.float64([1, 2]),
    "steps": np.int64(7),
    "scalar": np.float32(2.5),
}
DICT = b"ccollections\nOrderedDict\n)R"


def put(tmp_path, content):
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    return path


def real(text):
    return zlib.decompress(base64.b85decode(text))


def atom(value):
    """The opcodes that make a plain value."""
    return pickle.dumps(value, 2)[2:-1]


def tensor(count=2, key="0", offset=0, size=(2,), stride=(1,), kind=b"FloatStorage"):
    """The opcodes that make a tensor."""
    storage = b"(" + atom("storage") + b"ctorch\n" + kind + b"\n" + atom(key) + atom("cpu") + atom(count) + b"tQ"
    view = atom(offset) + atom(size) + atom(stride) + atom(False)
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + view + DICT + b"tR"


def state(**tensors):
    return DICT + b"(" + b"".join(atom(name) + opcodes for name, opcodes in tensors.items()) + b"u"


def archive(opcodes, storages=None, compression=zipfile.ZIP_STORED, **members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as file:
        file.writestr("archive/data.pkl", b"\x80\x02" + opcodes + b".")
        for key, values in (storages or {"0": [1, 2]}).items():
            file.writestr(f"archive/data/{key}", np.asarray(values, "<f4").tobytes())
        for name, content in members.items():
            file.writestr(f"archive/{name}", content)
    return stream.getvalue()


def legacy(opcodes, keys=("0",), counts=(2,), numbers=(1, 2), little_endian=True):
    system = {"protocol_version": 1001, "little_endian": little_endian, "type_sizes": {}}
    heads = [inception_containers.LEGACY_MAGIC, inception_containers.LEGACY_PROTOCOL, system]
    content = b"".join(pickle.dumps(value, 2) for value in heads)
    content += b"\x80\x02" + opcodes + b"." + pickle.dumps(list(keys), 2)
    return content + b"".join(struct.pack("<q", n) for n in counts) + np.asarray(numbers, "<f4").tobytes()


def graph(**arrays):
    content = tf.compat.v1.GraphDef()
    for name, values in arrays.items():
        node = content.node.add(name=name.replace("__", "/"), op="Const")
        node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values))
    return content


@pytest.mark.parametrize("text", [ZIP, LEGACY], ids=["zip", "legacy"])
def test_torch_own_files(tmp_path, text):
    found = read(put(tmp_path, real(text)))
    assert set(found) == set(STATE)
    for name, values in STATE.items():
        assert found[name].dtype == values.dtype and found[name].tobytes() == values.tobytes()
        assert found[name].shape == values.shape


@pytest.mark.parametrize("text", [ZIP, LEGACY], ids=["zip", "legacy"])
def test_a_truncated_file_is_refused_wherever_it_ends(tmp_path, text):
    content = real(text)
    for stop in [*range(0, len(content), 97), len(content) - 1]:
        with pytest.raises(ValueError, match=r"weights\.pth .*fetch it again"):
            read(put(tmp_path, content[:stop]))


def test_written_by_hand(tmp_path):
    opcodes = state(a=tensor(), b=tensor(offset=1, size=(1,)))
    for content in (archive(opcodes), archive(opcodes, byteorder=b"little"), legacy(opcodes)):
        found = read(put(tmp_path, content))
        assert found["a"].tolist() == [1, 2] and found["b"].tolist() == [2]


def test_torchscript_is_read_without_its_code(tmp_path):
    module = b"c__torch__.torch.nn.Conv2d\nConv2d\n)\x81}(" + atom("weight") + tensor() + b"ub"
    sizes = atom("sizes") + b"ctorch.jit._pickle\nbuild_intlist\n(" + atom([1]) + b"tR"
    root = b"c__torch__\nNet\n)\x81}(" + atom("layers") + module + sizes + b"ub"
    content = archive(root, **{"code/__torch__.py": b"raise SystemExit", "constants.pkl": b"\x80\x02)."})
    found = read(put(tmp_path, content))
    assert list(found) == ["layers.weight"] and found["layers.weight"].tolist() == [1, 2]


def test_the_constants_of_a_graph(tmp_path):
    content = graph(conv__conv2d_params=np.float32([[1, 2]]), ones=tf.ones([4]), words="text", sizes=[1, 2])
    content.node.add(name="Cast", op="Cast")
    found = read(put(tmp_path, content.SerializeToString()))
    assert {name: values.tolist() for name, values in found.items()} == {
        "conv/conv2d_params": [[1, 2]],
        "ones": [1, 1, 1, 1],
    }


def test_a_shape_that_claims_all_memory_is_refused(tmp_path):
    content = graph(ones=np.float32([1]))
    content.node[0].attr["value"].tensor.tensor_shape.dim[0].size = 10**11
    with pytest.raises(ValueError, match="claims more numbers than it has, among them those of ones"):
        read(put(tmp_path, content.SerializeToString()))
    with pytest.raises(ValueError, match="claims more numbers"):
        read(put(tmp_path, archive(state(a=tensor(size=(10**11,), stride=(0,))))))
    with pytest.raises(ValueError, match="numbers an object 4,294,967,295"):
        read(put(tmp_path, archive(DICT + b"r\xff\xff\xff\xff")))


@pytest.mark.parametrize("wrap", [archive, legacy], ids=["zip", "legacy"])
@pytest.mark.parametrize(
    "module, name", [("os", "system"), ("builtins", "eval"), ("torch._utils", "_rebuild_tensor.x"), ("torch", "load")]
)
def test_a_hostile_pickle_is_refused_and_not_run(tmp_path, wrap, module, name):
    mark = tmp_path / "mark"
    call = f"c{module}\n{name}\n(".encode() + atom(f"touch {mark}") + b"tR"
    with pytest.raises(ValueError, match=rf"weights\.pth asks for {module}\.{name}, which .* was not run") as caught:
        read(put(tmp_path, wrap(call)))
    assert "\n" not in str(caught.value) and not mark.exists()


def test_a_pickle_of_something_else_is_refused(tmp_path):
    with pytest.raises(ValueError, match="is a pickle, but not one of torch's"):
        read(put(tmp_path, pickle.dumps({"weights": [1.0]})))
    with pytest.raises(ValueError, match="refers to .* no storage"):
        read(put(tmp_path, archive(b"(" + atom("file") + atom("/etc/passwd") + atom(0) + atom(0) + atom(0) + b"tQ")))


@pytest.mark.parametrize(
    "content, reason",
    [
        (archive(state(a=tensor(key="../../../etc/passwd"))), "no item named"),
        (archive(state(a=tensor(count=9, size=(9,)))), "too few numbers for a: 2 of 9"),
        (archive(state(a=tensor(offset=-1))), "the shape"),
        (archive(state(a=tensor(stride=(1, 1)))), "the shape"),
        (archive(state(a=tensor(offset=1))), "too few numbers for a: 2 of 3"),
        (archive(state()), "holds no tensors"),
        (archive(state(a=tensor()), byteorder=b"big"), "byte order"),
        (archive(state(a=tensor()), compression=zipfile.ZIP_DEFLATED), "compressed"),
        (archive(state(a=tensor()), **{"other/data.pkl": b"."}), "2 files data.pkl"),
        (legacy(state(a=tensor()), counts=(10**12,)), "claims 4,000,000,000,000 bytes"),
        (legacy(state(a=tensor()), counts=(-1,)), "claims -4 bytes"),
        (legacy(state(a=tensor(size=(3,))), counts=(2,), numbers=(1, 2, 3)), "too few numbers for a: 2 of 3"),
        (legacy(state(a=tensor()), little_endian=False), "byte order"),
        (b"<html>please log in</html>", "neither an archive of torch nor a GraphDef"),
        (b"", "neither an archive of torch nor a GraphDef"),
    ],
)
def test_what_does_not_fit_is_said(tmp_path, content, reason):
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(ValueError, match=reason) as caught:
        read(put(tmp_path, content))
    assert "weights.pth" in str(caught.value) and "\n" not in str(caught.value)
    assert sorted(os.listdir(tmp_path)) == [*before, "weights.pth"]


def test_a_flipped_bit_in_the_archive_is_noticed(tmp_path):
    content = archive(state(a=tensor()))
    at = content.index(np.asarray([1, 2], "<f4").tobytes())
    with pytest.raises(ValueError, match="CRC"):
        read(put(tmp_path, content[:at] + b"\x01" + content[at + 1 :]))
