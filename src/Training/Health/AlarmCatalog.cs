namespace GpuGrad.Training.Health;

/// <summary>A kind of alarm, explained.</summary>
/// <param name="Id">e.g. <c>G001</c>.</param>
/// <param name="Title">A few words.</param>
/// <param name="When">What has to be measured for it to be raised.</param>
/// <param name="Why">What it means and how it comes about.</param>
/// <param name="Help">What to try, the likeliest first.</param>
public sealed record AlarmKind(string Id, string Title, string When, string Why, IReadOnlyList<string> Help);

/// <summary>Every alarm that a run can raise; <c>gpugrad explain G001</c> prints one.</summary>
public static class AlarmCatalog
{
    public const string DeadUnits = "G001", SaturatedUnits = "G002", Vanishing = "G003", Exploding = "G004", UpdatesLarge = "G005",
        UpdatesSmall = "G006", LossStuck = "G007", ClippingBinds = "G008", StartLoss = "G009", Symmetric = "G010", SaturatedStart = "G011",
        NonFinite = "G012", SignalAtStart = "G013", GradientAtStart = "G014", NeverPredicted = "G015", MissingClass = "G016", Overfitting = "G017",
        LinearLayers = "G018", VanishingThroughTime = "G019";

    public static IReadOnlyList<AlarmKind> All { get; } =
    [
        new(DeadUnits, "dead units",
            "A fifth or more of a ReLU layer's units gave exactly 0 for every sample of at least five watched batches and 1,000 samples. Fewer are usual in networks that learn well: they are a remark in the log and the report, and are counted at the end of the run. So are more, while the loss falls by 5 % an epoch or is a fifth of a guess's. An alarm comes again when they are twice as many.",
            "A ReLU passes no gradient where its output is 0. A unit that gives 0 for every sample gets no gradient from any, so nothing can wake it: its weights stay as they are for the rest of the run. "
            + "It mostly happens in one large step, which pushes a unit's bias or weights so far that no input reaches it any more. Units that never were alive have a bad initialisation.",
            ["a lower learning rate, or a warm-up", "leaky-relu, elu or gelu in place of relu: they pass some gradient everywhere", "clip: {norm: 1}, when single steps are much larger than the others", "the default initialiser (He), when units were dead from the start"]),
        new(SaturatedUnits, "saturated units",
            "A fifth or more of a sigmoid or tanh layer's units sat on a flat end of the curve for every sample of at least five watched batches and 1,000 samples. Fewer are a remark, as with G001.",
            "The derivative of a sigmoid is y(1-y), at most 0.25 and nearly 0 where y is near 0 or 1 (tanh: 1-y², near 0 at ±1). Whatever gradient arrives there is multiplied by almost nothing. "
            + "The unit's input is far too large in size: weights that began too large, inputs that are not normalised, or a learning rate that threw it there.",
            ["the default initialiser (Xavier), or a smaller one", "data: {normalize: true}, if inputs are not near mean 0 and deviation 1", "a lower learning rate", "batchnorm before the activation", "relu or gelu in place of sigmoid"]),
        new(Vanishing, "vanishing gradients",
            "For five watched steps in a row the first layer's gradient (root mean square of its elements) was below 1/10,000 of the largest of any later layer. Tables of an embedding and frozen layers are not compared, nor is a network that has learned.",
            "On the way back the chain rule multiplies one factor a layer. Each sigmoid contributes at most 0.25; twelve of them leave at most 0.25¹² = 6·10⁻⁸ of the signal. The last layers learn, the first ones stand still.",
            ["relu or gelu in place of sigmoid or tanh", "batchnorm or layernorm between layers", "residual: [...] around groups of layers: the sum hands the gradient through whole", "fewer layers"]),
        new(Exploding, "exploding gradients",
            "A step's gradient was over 100 times the median of the steps before it and over 10 times that of the first steps; or the first layer's was over 1,000 times that of the last one for three watched steps in a row.",
            "Factors above 1 multiply on the way back just as factors below 1 do. One such step moves the weights so far that what was learned before is lost; the next may not be finite any more.",
            ["clip: {norm: 1}", "a lower learning rate, or a warm-up", "the default initialiser", "batchnorm or layernorm between layers"]),
        new(UpdatesLarge, "updates too large",
            "A step moved a layer's weights by more than half their own norm, or for three watched steps in a row by more than a fifth of it. A layer that begins near 0 is measured against the norm that such a layer usually has.",
            "A step that follows the gradient is justified only as far as the loss is nearly linear. About a thousandth of the weights' norm is healthy; at a fifth the gradient of five steps ago says nothing about the weights of today.",
            ["the learning rate that the alarm gives: it would have made this step half a per cent long, up to two in a short run", "a warm-up, if it is so at the beginning only", "clip: {norm: 1}"]),
        new(UpdatesSmall, "updates too small",
            "For five watched steps in a row, at a learning rate near its full value: no step so far was so long that all of the run's steps together could move a layer by a fifth of its norm, and the loss is above 0.6 of a guess's; or a layer moves by less than a millionth of its norm. Frozen layers do not count, nor does a loss that is a fifth of a guess's or less.",
            "Below about 10⁻⁷ an update is lost in the rounding of float32 altogether; at a millionth it takes a million steps to change the layer. Either the learning rate is too low or no gradient reaches the layer.",
            ["the learning rate that the alarm gives: it makes steps half a per cent to two per cent long", "if other layers move: see G003, vanishing gradients"]),
        new(LossStuck, "loss not falling",
            "The training loss of the last three epochs was not even 1 % below the best one before, and is that of a guess, or higher than it was; or that of an epoch was over 100 times a guess's and 100 times what it had been. A loss that fell and then stands is a remark: it may be as low as these samples allow.",
            "A loss that stands where it began, at ln C for C classes, says that the network gives every class the same chance: no gradient arrives, steps jump over every valley or are far too short, or the labels have nothing to do with the samples. The alarm names the first of these causes that fits what was measured.",
            ["what the alarms before it say, if there are any", "data: {normalize: standard}, if inputs are far from mean 0 and deviation 1", "the learning rate that the alarm gives", "less dropout or weight decay, softmax-cross-entropy for classes", "gpugrad data show CONFIG: do samples and labels belong together?"]),
        new(ClippingBinds, "clipping always binds",
            "95 % or more of the last 200 steps of sgd had a gradient norm above clip.norm, and the loss is no better than a guess's. Adam and its kin divide by the gradient's size: to them it matters little.",
            "Clipping is meant for the rare step that is far too long. Where it binds on every step it takes part in all of them: only the direction of the gradient is used, the length is the threshold, and the learning rate means something else than it says.",
            ["the threshold that would have bound on 10 % of these steps; the alarm gives it", "no clipping and a lower learning rate"]),
        new(StartLoss, "loss at the start is far from what it should be",
            "Before the first step the loss over samples drawn at random is more than three times what is expected, and more than 8 above it.",
            "A network that knows nothing should give every class the same chance: ln C for softmax, margin·(C-1) for the hinge loss. A larger loss means that it is sure of itself and wrong: its last layer begins too large, and the first steps are spent taking that back.",
            ["data: {normalize: standard}, if inputs are large", "the default initialiser, or init: {normal: {std: 0.01}} in the last layer"]),
        new(Symmetric, "symmetric initialisation",
            "Two units of a layer begin with the same weights. Zeros at which different gradients arrive part in the first step and are no alarm, nor are equal rows of the last layer.",
            "Units with the same weights give the same outputs and get the same gradients: they stay the same for ever, and a layer of a hundred of them is a layer of one. Random weights break the symmetry; biases may all be 0.",
            ["a random initialiser: the default, or init: xavier, init: he"]),
        new(SaturatedStart, "saturated at the start",
            "Before the first step more than half of a sigmoid or tanh layer's outputs are on the flat ends of the curve.",
            "The layer's inputs are too large in size for its curve: weights too large for the number of inputs (Xavier divides by its root), or data that are not normalised. No gradient gets through, and it starts nowhere.",
            ["the default initialiser (Xavier)", "data: {normalize: true}", "batchnorm before the activation"]),
        new(NonFinite, "a number is not finite",
            "The loss, the norm of the gradients, or a watched figure is NaN or infinite. The run stops with exit code 4.",
            "float32 ends at 3.4·10³⁸; what goes beyond is infinite, and ∞-∞, 0·∞, 0/0, the root or logarithm of a negative number are NaN. One NaN in a weight makes everything computed from it NaN. "
            + "The usual way there is a step that was too long, then one that was longer.",
            ["a lower learning rate, or a warm-up", "clip: {norm: 1}", "gpugrad replay BUNDLE runs the last steps again and names the first such number, on any device", "check the data for values that are not numbers"]),
        new(SignalAtStart, "signals grow or shrink through the layers",
            "Before the first step the deviation of a layer's outputs is above 100 times or below 1/100 of the network's input (behind an embedding: of its rows). Layers inside a block are left aside, averages over a window are allowed for.",
            "Each layer multiplies the signal by about √(inputs · variance of its weights), and factors multiply over the depth. He's initialiser keeps the factor at 1 behind a relu, Xavier's behind tanh.",
            ["the default initialiser", "batchnorm or layernorm"]),
        new(GradientAtStart, "gradients grow or shrink through the layers",
            "Before the first step the norm of the gradient behind the first layer is above 1,000 times or below 1/1,000 of that in the output. An average over a window divides it by the root of the window, which is allowed for.",
            "The way back multiplies factors too: weights times the derivatives of the activations. This is G003 or G004 before it happens.",
            ["relu or gelu in place of sigmoid or tanh", "the default initialiser", "batchnorm, layernorm or residual"]),
        new(NeverPredicted, "a class is never predicted",
            "At least 20 watched samples of a class went by in a row without a single sample of the batch being given that class, and the loss falls no more or the run has ended.",
            "The loss is a mean over samples: leaving out a class that is rare costs little, and a network that can't tell classes apart gives all of them the commonest. Accuracy hides it: 96 % is what always saying 'healthy' gets where 4 % are ill.",
            ["class-weights in the loss, which make every class count alike; the alarm gives them", "more samples of the class", "gpugrad eval RUN shows the confusion matrix"]),
        new(MissingClass, "a class without samples",
            "Before the first step: no training sample is of some class, or all are of one.",
            "A class without samples can't be learned, and can't be told from the others. Labels that count from 1 leave class 0 empty; a wrong label column makes classes of anything; a small data.limit loses rare ones.",
            ["labels from 0 to C-1", "the right label column", "gpugrad data show CONFIG counts the samples of each class"]),
        new(Overfitting, "overfitting",
            "For three epochs in a row the loss on samples not trained on was over 1.5 times its best and over 3 times the training loss, and accuracy on them 0.1 below.",
            "With more freedom than its samples can fill, a network learns them by heart, noise included: it is sure of itself on others too, and wrong.",
            ["train: {keep-best: validation-loss}, the weights of the best epoch", "more samples, or data: {augment: ...}", "dropout, weight decay, fewer units"]),
        new(LinearLayers, "no activation between layers",
            "The loss stands, far from learned, and two layers of weights have nothing between them but layers that are linear.",
            "A linear function of a linear function is linear: W₂(W₁x) = (W₂W₁)x. However many units such layers have, they draw straight lines only.",
            ["relu, gelu or tanh between them"]),
        new(VanishingThroughTime, "gradients vanish through time",
            "For five watched steps in a row the gradient that reached the first step of a recurrent layer's walk was below 1/10,000 of the largest of any step, and the loss is no better than a guess's.",
            "On its way back through time the gradient is multiplied at each step by the weights on the state and by the derivative of the activation. Random weights within ±1/√units shrink it to about 0.6 a step: after 60 steps 10⁻¹³ of it is left. What stood there can't be learned. The gates of lstm and gru begin half open and halve it too, until they have learned to keep what matters.",
            ["recurrent-init: orthogonal with clip: {norm: 1}", "lstm or gru, and more epochs", "time-pool or attention in place of the last state", "shorter sequences"]),
    ];

    /// <summary>The kind with an id, upper or lower case; null where there is none.</summary>
    public static AlarmKind? Find(string id) => All.FirstOrDefault(k => k.Id.Equals(id, StringComparison.OrdinalIgnoreCase));
}
