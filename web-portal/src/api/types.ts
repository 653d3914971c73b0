// The nouns of the private API under the portal's names. Their shapes are the daemon's: see schema.gen.ts.
import type { components, paths } from "./schema.gen";

type Schemas = components["schemas"];

export type Role = Schemas["Role"];
export type ChannelKind = Schemas["ChannelKind"];
export type PickUp = Schemas["PickUp"];
export type SenderClass = Schemas["SenderClass"];
/** Where a number leads, or a session is handed to. */
export type Route = Schemas["Destination"];

export interface Page<T> {
  items: T[];
  next: string | null;
}
export interface Items<T> {
  items: T[];
}

export type ExtensionRef = Schemas["ExtensionRef"];
export type Me = Schemas["Me"];
/** Why something failed, in plain words of both languages, with the carrier's own code and words where it gave any. */
export type Reason = Schemas["ReasonOut"];

export type Session = Schemas["SessionOut"];
export type SessionQuery = NonNullable<paths["/sessions"]["get"]["parameters"]["query"]>;
export type Tab = NonNullable<SessionQuery["tab"]>;
export type Counts = Schemas["Counts"];
export type Message = Schemas["MessageOut"];
export type Rich = NonNullable<Message["rich"]>;
export type Say = Schemas["Say"];
export type Template = Schemas["TemplateOut"];
export type Templates = Schemas["TemplatesOut"];
export type Status = Message["status"];
export type Attachment = Schemas["AttachmentOut"];
export type MediaFamily = Schemas["MediaFamily"];
export type FitStep = Schemas["FitStep"];
export type Upload = Schemas["UploadOut"];
export type MediaRules = Schemas["MediaRulesOut"];
export type Fit = Schemas["FitOut"];
export type FitFile = Schemas["FitFileOut"];
export type SessionEvent = Schemas["StepOut"];
export type ThreadItem = Schemas["ItemOut"];
export type ThreadPage = Schemas["Thread"];
export type Exchange = Schemas["ExchangeOut"];
export type LogLine = Schemas["LogLineOut"];
export type LogQuery = NonNullable<paths["/log"]["get"]["parameters"]["query"]>;
export type SearchResult = Schemas["Found"];

export type Carrier = Schemas["CarrierOut"];
export type CarrierField = Schemas["FieldOut"];
export type Trunk = Schemas["TrunkOut"];
export type TrunkInput = Schemas["TrunkIn"];
export type Intake = Schemas["Intake"];
export type Step = Schemas["TestStepOut"];
export type Channel = Schemas["ChannelOut"];
export type ChannelInput = Schemas["ChannelIn"];
export type OwnNumber = Schemas["NumberOut"];
export type NumberInput = Schemas["NumberIn"];
export interface ChannelSending {
  valid_for_s: number | null;
  fallback: number | null;
  smart: boolean;
  prices: Schemas["PriceDoc"][];
}
export interface NumberSending {
  in_segments: boolean;
  pool: string | null;
}
/** What a channel takes of files; null: as `defaults` says. */
export interface ChannelMedia {
  families: MediaFamily[] | null;
  files_max: number | null;
  picture_bytes_max: number | null;
  paper_bytes_max: number | null;
  other_bytes_max: number | null;
  total_bytes_max: number | null;
  kept_days: number;
  strip_location: boolean;
  active_pdf: Schemas["ActivePdf"];
  links_instead: boolean;
  countries: string[] | null;
  defaults: MediaDefaults;
}
export interface MediaDefaults {
  families: MediaFamily[];
  files_max: number | null;
  picture_bytes_max: number | null;
  paper_bytes_max: number | null;
  other_bytes_max: number | null;
  total_bytes_max: number | null;
  countries: string[] | null;
}
export type Mms = Schemas["Mms"];
export type Pool = Schemas["PoolOut"];
export type Queue = Schemas["QueueOut"];
export type QueueInput = Schemas["QueueIn"];
export type Extension = Schemas["ExtensionOut"];
export type ExtensionInput = Schemas["ExtensionIn"];
export type User = Schemas["UserOut"];
export type UserInput = Schemas["UserIn"];
export type Connect = Schemas["Connect"];
export type Alarm = Schemas["AlarmOut"];

export type Simulator = Schemas["SimulatorOut"];
export type CustomerText = Schemas["TextOut"];
export type CustomerFile = Schemas["CustomerFileOut"];
