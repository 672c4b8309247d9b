namespace Masquerade.Evaluation.Assets;

/// <summary>The catalog's entries. A new one is added here, with a descriptor below <c>Descriptors</c> where it is a model.</summary>
internal static class PublishedAssets
{
    private const string FacenetPytorch = "github.com/timesler/facenet-pytorch";
    private const string LfwPaper = "Huang, Ramesh, Berg, Learned-Miller: Labeled Faces in the Wild, "
        + "University of Massachusetts, Amherst, Technical Report 07-49, 2007";

    public static IReadOnlyList<Asset> All { get; } =
    [
        new()
        {
            Name = "facenet-vggface2",
            Kind = AssetKind.Model,
            Purpose = "FaceNet 20180402-114759: an Inception-ResNet-v1 trained on VGGFace2, 512 values, crops of 160x160",
            License = "MIT; the photographs that it was trained on were given out for research",
            Citation = "Schroff, Kalenichenko, Philbin: FaceNet, CVPR 2015; weights: github.com/davidsandberg/facenet by way of "
                + FacenetPytorch,
            Downloads =
            [
                new("20180402-114759-vggface2.pt", 111_898_327, "281cebca8662831adb987a874bdcb36e73f5b1c6dc5ee5878f305e985625d99b",
                    $"https://{FacenetPytorch}/releases/download/v2.2.9/20180402-114759-vggface2.pt"),
            ],
            Models = [Described("facenet-vggface2"), Described("facenet-vggface2-study-2019")],
        },
        new()
        {
            Name = "sface",
            Kind = AssetKind.Model,
            Purpose = "SFace of OpenCV's model zoo: a MobileFaceNet, 128 values, crops of 112x112",
            License = "Apache-2.0",
            Citation = "Zhong, Deng, Hu, Zhao, Li, Wen: SFace, IEEE Transactions on Image Processing, 2021; "
                + "file: github.com/opencv/opencv_zoo",
            Downloads =
            [
                new("face_recognition_sface_2021dec.onnx", 38_696_353, "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79",
                    "https://media.githubusercontent.com/media/opencv/opencv_zoo/47534e27c9851bb1128ccc0102f1145e27f23f98/"
                    + "models/face_recognition_sface/face_recognition_sface_2021dec.onnx"),
            ],
            Models = [Described("sface")],
        },
        new()
        {
            Name = "arcface-r50",
            Kind = AssetKind.Model,
            Purpose = "ArcFace of InsightFace's buffalo_l: a ResNet-50 trained on WebFace600K, 512 values, crops of 112x112",
            License = "non-commercial research only",
            NonCommercial = true,
            Citation = "Deng, Guo, Xue, Zafeiriou: ArcFace, CVPR 2019; file: github.com/deepinsight/insightface",
            Downloads =
            [
                new("buffalo_l.zip", 288_621_354, "80ffe37d8a5940d59a7384c201a2a38d4741f2f3c51eef46ebb28218a7b0ca2f",
                    "https://github.com/deepinsight/insightface/releases/download/model-zoo/buffalo_l.zip")
                {
                    Members = [new("w600k_r50.onnx", 174_383_860, "4c06341c33c2ca1f86781dab0e829f88ad5b64be9fba56e56bc9ebdefc619e43")],
                },
            ],
            Models = [Described("arcface-r50")],
        },
        new()
        {
            Name = "mtcnn",
            Kind = AssetKind.Detector,
            Purpose = "MTCNN: finds faces and five landmarks in photographs",
            License = "MIT",
            Citation = "Zhang, Zhang, Li, Qiao: Joint Face Detection and Alignment Using Multitask Cascaded Convolutional Networks, "
                + $"IEEE Signal Processing Letters, 2016; weights: {FacenetPytorch}",
            Downloads =
            [
                Mtcnn("pnet.pt", 28_570, "a2a71925e0b9996a42f63e47efc1ca19043e69558b5c523b978d611dfae49c8f"),
                Mtcnn("rnet.pt", 403_147, "bbb937de72efc9ef83b186c49f5f558467a1d7e3453a8ece0d71a886633f6a86"),
                Mtcnn("onet.pt", 1_559_269, "165bfbe42940416ccfb977545cf0e976d5bf321f67083ae2aaaa5c764280118d"),
            ],
        },
        new()
        {
            Name = "lfw",
            Kind = AssetKind.Data,
            Purpose = "Labeled Faces in the Wild: 13,233 photographs of 5,749 people",
            License = "none stated: news photographs, collected for research; whether another use is allowed is for you to find out",
            Citation = LfwPaper,
            Downloads =
            [
                new("lfw.tgz", 180_566_744, "055f7d9c632d7370e6fb4afc7468d40f970c34a80d4c6f50ffec63f5a8d536c0", Figshare(5976018))
                {
                    Unpack = new UnpackLimits(Bytes: 400_000_000, Files: 25_000, Ratio: 10),
                },
            ],
            Place = "lfw",
            Companions = ["lfw-pairs"],
        },
        Pairs("lfw-pairs", "LFW's View 2: 6,000 pairs in ten folds", 5976006,
            "pairs.txt", 155_335, "ea42330c62c92989f9d7c03237ed5d591365e89b3e649747777b70e692dc1592"),
        Pairs("lfw-pairs-dev-train", "LFW's View 1, for development: 2,200 pairs to train on", 5976012,
            "pairsDevTrain.txt", 56_579, "1d454dada7dfeca0e7eab6f65dc4e97a6312d44cf142207be28d688be92aabfa"),
        Pairs("lfw-pairs-dev-test", "LFW's View 1, for development: 1,000 pairs to test on", 5976009,
            "pairsDevTest.txt", 26_002, "7cb06600ea8b2814ac26e946201cdb304296262aad67d046a16a7ec85d0ff87c"),
    ];

    private static Asset Pairs(string name, string purpose, int id, string file, long bytes, string sha256) => new()
    {
        Name = name,
        Kind = AssetKind.Data,
        Purpose = purpose,
        License = "none stated: a list of names, published for research",
        Citation = LfwPaper,
        Downloads = [new(file, bytes, sha256, Figshare(id))],
        Place = file,
    };

    private static AssetDownload Mtcnn(string file, long bytes, string sha256) => new(file, bytes, sha256,
        $"https://raw.githubusercontent.com/timesler/facenet-pytorch/v2.2.9/data/{file}",
        $"https://raw.githubusercontent.com/timesler/facenet-pytorch/master/data/{file}");

    private static string Figshare(int id) => $"https://ndownloader.figshare.com/files/{id}";

    private static AssetModel Described(string name)
    {
        using var resource = typeof(PublishedAssets).Assembly.GetManifestResourceStream($"{name}.model.json")
            ?? throw new InvalidOperationException($"the library lacks the descriptor of {name}");
        using var reader = new StreamReader(resource);
        return new AssetModel(name, reader.ReadToEnd());
    }
}
